-- An invitation for a node, as its hash; those that ended a day ago go. No row: the account has $5 open ones.
-- $1 hash  $2 account  $3 name  $4 expires_at  $5 most
WITH old AS (DELETE FROM join_tokens WHERE expires_at < now() - interval '1 day')
INSERT INTO join_tokens (hash, account, name, expires_at)
SELECT $1, $2, $3, $4
WHERE (SELECT count(*) FROM join_tokens
       WHERE account = $2 AND public_key IS NULL AND expires_at > now()) < $5;
