-- What no job needs any more: it is over, or has another checkpoint and this one never came to be. No row: nothing.
SELECT k.job, k.manifest, k.sha256 FROM checkpoint_blobs k LEFT JOIN bids b ON b.bid = k.job
WHERE b.bid IS NULL OR NOT (b.state = 1 OR (b.state = 2 AND b.job < 5))
   OR (k.noted_at < now() - interval '1 hour' AND encode(k.manifest, 'hex') IS DISTINCT FROM (
           SELECT convert_from(c.payload, 'UTF8')::json #>> '{more,manifest_sha256}'
           FROM leases l JOIN commands c ON c.seq = l.checkpoint
           WHERE l.bid = k.job AND l.checkpoint <> 0 ORDER BY l.checkpoint DESC LIMIT 1))
LIMIT 512;
