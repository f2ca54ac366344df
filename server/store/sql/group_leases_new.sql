-- Leases born in the group.
-- $1 lease  $2 bid  $3 ask  $4 node  $5 buyer  $6 provider  $7 pool  $8 units  $9 price  $10 seconds_max  $11 hold
-- $12 state  $13 epoch  $14 traded  $15 accepted  $16 ready  $17 stopping  $18 ended  $19 seconds_signed
-- $20 seconds_observed  $21 seconds_billed  $22 charge  $23 fee  $24 payout  $25 exit_code  $26 reason  $27 fault
-- $28 version
INSERT INTO leases (lease, bid, ask, node, buyer, provider, pool, units, price, seconds_max, hold, state, epoch,
                    traded, accepted, ready, stopping, ended, seconds_signed, seconds_observed, seconds_billed,
                    charge, fee, payout, exit_code, reason, fault, version)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::bigint[]),
       unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::bigint[]),
       unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::bigint[]), unnest($13::bigint[]),
       unnest($14::timestamptz[]), unnest($15::timestamptz[]), unnest($16::timestamptz[]),
       unnest($17::timestamptz[]), unnest($18::timestamptz[]), unnest($19::bigint[]), unnest($20::bigint[]),
       unnest($21::bigint[]), unnest($22::bigint[]), unnest($23::bigint[]), unnest($24::bigint[]),
       unnest($25::bigint[]), unnest($26::bigint[]), unnest($27::bigint[]), unnest($28::bigint[]);
