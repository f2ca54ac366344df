-- Payouts requested in the group.
-- $1 payout  $2 account  $3 amount  $4 state  $5 at  $6 version
INSERT INTO payouts (payout, account, amount, state, at, version)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]),
       unnest($5::timestamptz[]), unnest($6::bigint[]);
