-- The store has no more of the blob than somebody keeps. No row touched: there was no doubt.
-- $1 sha256
DELETE FROM blob_doubts WHERE sha256 = $1;
