-- The account that a login key opens. No row: none.
-- $1 public_key
SELECT a.account, a.at
FROM account_keys k JOIN accounts a ON a.account = k.account
WHERE k.public_key = $1;
