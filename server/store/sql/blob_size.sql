-- The size of a blob that an account keeps. No row: it does not.
-- $1 sha256  $2 account
SELECT size_bytes FROM blobs WHERE sha256 = $1 AND account = $2;
