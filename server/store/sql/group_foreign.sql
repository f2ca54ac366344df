-- Entries that touch accounts other than the commander's.
-- $1 account  $2 seq
INSERT INTO foreign_entries (account, seq) SELECT unnest($1::bigint[]), unnest($2::bigint[]);
