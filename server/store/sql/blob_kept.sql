-- Does anybody keep the blob? No row: nobody.
-- $1 sha256
SELECT size_bytes FROM blobs WHERE sha256 = $1 LIMIT 1;
