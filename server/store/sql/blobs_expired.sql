-- Blobs that their accounts need not keep any more, some of them: outputs of the provider after two days, uploads and
-- outputs that were paid for after the time that is set, but no image of a job that is not over. No row: none.
-- $1 days of uploads  $2 days of outputs
SELECT b.sha256, b.account FROM blobs b
WHERE b.noted_at < now() - make_interval(days => CASE b.origin WHEN 1 THEN $1::int WHEN 4 THEN $2::int ELSE 2 END)
  AND NOT (b.origin = 1 AND EXISTS (
      SELECT FROM bids d JOIN commands c ON c.seq = d.bid
      WHERE d.account = b.account AND d.job <= 4
        AND convert_from(c.payload, 'UTF8')::json #>> '{more,image}' = 'blob:sha256:' || encode(b.sha256, 'hex')))
ORDER BY b.noted_at LIMIT 100;
