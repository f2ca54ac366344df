-- What became of a request. No row: there is none.
-- $1 request
SELECT r.done_at IS NOT NULL AS done, coalesce(r.seq, 0) AS seq, c.at, coalesce(r.refusal, '') AS refusal
FROM operator_requests r LEFT JOIN commands c ON c.seq = r.seq
WHERE r.request = $1;
