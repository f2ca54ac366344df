-- Accounts opened in the group.
-- $1 account  $2 at
INSERT INTO accounts (account, at) SELECT unnest($1::bigint[]), unnest($2::timestamptz[]);
