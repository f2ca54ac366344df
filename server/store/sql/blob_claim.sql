-- The size of a blob that an account keeps, and keeps for longer from now on. No row: it does not, or as what it
-- passed on (blob_put notes that anew).
-- $1 sha256  $2 account  $3 origin
UPDATE blobs SET origin = CASE origin WHEN 2 THEN $3 ELSE origin END, noted_at = now()
WHERE sha256 = $1 AND account = $2 AND origin <> 3
RETURNING size_bytes;
