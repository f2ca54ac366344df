-- Take an API key back. No row: the account has no such key.
-- $1 key_id  $2 account
DELETE FROM api_keys WHERE key_id = $1 AND account = $2;
