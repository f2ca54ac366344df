-- Payouts that were paid or failed.
-- $1 payout  $2 state  $3 version
UPDATE payouts p SET state = u.state, version = u.version
FROM (SELECT unnest($1::bigint[]) AS payout, unnest($2::bigint[]) AS state, unnest($3::bigint[]) AS version) u
WHERE p.payout = u.payout;
