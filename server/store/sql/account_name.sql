-- What people call an account. No row: there is no such account.
-- $1 account  $2 name
UPDATE accounts SET name = $2 WHERE account = $1;
