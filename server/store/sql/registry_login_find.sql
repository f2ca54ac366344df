-- The login that an account keeps for a registry, sealed. No row: it keeps none.
-- $1 account  $2 registry
SELECT sealed FROM registry_logins WHERE account = $1 AND registry = $2;
