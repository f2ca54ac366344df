-- Balances of accounts opened in the group.
-- $1 account  $2 available  $3 held
INSERT INTO balances (account, available, held)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]);
