-- Keep a login for a registry, instead of the earlier one. No row: the account has $4 for others.
-- $1 account  $2 registry  $3 sealed  $4 most
INSERT INTO registry_logins (account, registry, sealed)
SELECT $1, $2, $3
WHERE (SELECT count(*) FROM registry_logins WHERE account = $1 AND registry <> $2) < $4
ON CONFLICT (account, registry) DO UPDATE SET sealed = excluded.sealed, put_at = now();
