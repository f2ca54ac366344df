-- Balances as they are after the group, sorted by account.
-- $1 account  $2 available  $3 held
UPDATE balances b SET available = u.available, held = u.held
FROM (SELECT unnest($1::bigint[]) AS account, unnest($2::bigint[]) AS available, unnest($3::bigint[]) AS held) u
WHERE b.account = u.account;
