-- A recovery code, as its hash.
-- $1 hash  $2 account
INSERT INTO recovery_codes (hash, account) VALUES ($1, $2);
