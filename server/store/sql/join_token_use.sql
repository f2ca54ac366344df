-- Mark an invitation as used by a key, for a node. No row: another key used it.
-- $1 hash  $2 public_key  $3 node
UPDATE join_tokens SET public_key = $2, node = $3
WHERE hash = $1 AND (public_key IS NULL OR public_key = $2);
