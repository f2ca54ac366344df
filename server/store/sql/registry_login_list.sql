-- The registries for which an account keeps a login. No row: none.
-- $1 account
SELECT registry, put_at FROM registry_logins WHERE account = $1 ORDER BY registry;
