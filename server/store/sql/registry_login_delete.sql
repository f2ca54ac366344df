-- Forget a login. No row: there was none.
-- $1 account  $2 registry
DELETE FROM registry_logins WHERE account = $1 AND registry = $2;
