-- A command as it was recorded. No row: unknown, or not this account's.
-- $1 seq  $2 account
SELECT at, payload FROM commands WHERE seq = $1 AND account = $2;
