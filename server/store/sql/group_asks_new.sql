-- Asks that entered in the group.
-- $1 ask  $2 account  $3 at  $4 priority  $5 node  $6 pool  $7 price  $8 floor  $9 units  $10 free  $11 until
-- $12 seconds_min  $13 seconds_max  $14 state  $15 reason  $16 version
INSERT INTO asks (ask, account, at, priority, node, pool, price, floor, units, free, until, seconds_min,
                  seconds_max, state, reason, version)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::timestamptz[]), unnest($4::bigint[]),
       unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::bigint[]),
       unnest($10::bigint[]), unnest($11::timestamptz[]), unnest($12::bigint[]), unnest($13::bigint[]),
       unnest($14::bigint[]), unnest($15::bigint[]), unnest($16::bigint[]);
