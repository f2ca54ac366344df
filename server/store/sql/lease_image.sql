-- The digest of the image that a lease's agent told when the container ran. No row: it told none.
-- $1 lease
SELECT convert_from(c.payload, 'UTF8')::json #>> '{more,image_digest}' AS image_digest
FROM lease_commands r JOIN commands c ON c.seq = r.seq
WHERE r.lease = $1 AND r.kind = 12 AND convert_from(c.payload, 'UTF8')::json #>> '{more,image_digest}' IS NOT NULL;
