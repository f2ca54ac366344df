-- A login key for an account. No row: the key opens an account already, or the account has $4 keys.
-- $1 public_key  $2 account  $3 name  $4 most
INSERT INTO account_keys (public_key, account, name)
SELECT $1, $2, $3
WHERE (SELECT count(*) FROM account_keys WHERE account = $2) < $4
ON CONFLICT DO NOTHING
RETURNING created_at;
