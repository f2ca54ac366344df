-- Which command told a lease what.
-- $1 lease  $2 kind  $3 seq
INSERT INTO lease_commands (lease, kind, seq) SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]);
