-- An invitation and the account that made it. No row: there is none.
-- $1 hash
SELECT t.account, a.at, t.expires_at, t.public_key, coalesce(t.node, 0)
FROM join_tokens t JOIN accounts a ON a.account = t.account
WHERE t.hash = $1;
