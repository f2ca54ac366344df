-- Note that an API key was used. No row: noted less than a minute ago, or deleted.
-- $1 key_id
UPDATE api_keys SET last_used_at = now()
WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
