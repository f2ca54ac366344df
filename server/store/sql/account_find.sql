-- An account and its balance. No row: there is no such account.
-- $1 account
SELECT a.account, a.at, coalesce(b.available, 0), coalesce(b.held, 0)
FROM accounts a LEFT JOIN balances b ON b.account = a.account
WHERE a.account = $1;
