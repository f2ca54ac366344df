-- How often a job saves, and the manifest of its last checkpoint, empty without one. No row: no such job.
-- $1 bid  $2 what stands for terms that say nothing
SELECT $2 + coalesce(b.terms[3], 0) AS seconds,
       coalesce((SELECT convert_from(c.payload, 'UTF8')::json #>> '{more,manifest_sha256}'
                 FROM leases l JOIN commands c ON c.seq = l.checkpoint
                 WHERE l.bid = b.bid AND l.checkpoint <> 0 ORDER BY l.checkpoint DESC LIMIT 1), '') AS manifest
FROM bids b WHERE b.bid = $1;
