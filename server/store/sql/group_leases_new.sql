-- Leases born in the group. `offered` is kept only where it is later than `traded`.
-- $1 lease  $2 bid  $3 ask  $4 node  $5 buyer  $6 provider  $7 pool  $8 units  $9 price  $10 seconds_max
-- $11 hold  $12 state  $13 epoch  $14 waits  $15 base  $16 own  $17 traded  $18 ripe  $19 offered
-- $20 accepted  $21 ready  $22 stopping  $23 ended  $24 seconds_signed  $25 seconds_observed
-- $26 seconds_billed  $27 charge  $28 fee  $29 payout  $30 insurance  $31 exit_code  $32 reason  $33 fault
-- $34 version  $35 prepared  $36 gathered  $37 checkpoint  $38 kept  $39 looked  $40 ill_us
INSERT INTO leases (lease, bid, ask, node, buyer, provider, pool, units, price, seconds_max, hold, state, epoch,
                    waits, base, own, traded, ripe, offered, accepted, ready, stopping, ended, seconds_signed,
                    seconds_observed, seconds_billed, charge, fee, payout, insurance, exit_code, reason, fault,
                    version, prepared, gathered, checkpoint, seconds_kept, seconds_looked, ill_us)
SELECT lease, bid, ask, node, buyer, provider, pool, units, price, seconds_max, hold, state, epoch, waits, base,
       own, traded, ripe, nullif(offered, traded), accepted, ready, stopping, ended, seconds_signed,
       seconds_observed, seconds_billed, charge, fee, payout, insurance, exit_code, reason, fault, version, prepared,
       gathered, checkpoint, kept, looked, ill_us
FROM (SELECT unnest($1::bigint[]) AS lease, unnest($2::bigint[]) AS bid, unnest($3::bigint[]) AS ask,
             unnest($4::bigint[]) AS node, unnest($5::bigint[]) AS buyer, unnest($6::bigint[]) AS provider,
             unnest($7::bigint[]) AS pool, unnest($8::bigint[]) AS units, unnest($9::bigint[]) AS price,
             unnest($10::bigint[]) AS seconds_max, unnest($11::bigint[]) AS hold, unnest($12::bigint[]) AS state,
             unnest($13::bigint[]) AS epoch, unnest($14::bigint[]) AS waits, unnest($15::bigint[]) AS base,
             unnest($16::boolean[]) AS own, unnest($17::timestamptz[]) AS traded, unnest($18::boolean[]) AS ripe,
             unnest($19::timestamptz[]) AS offered, unnest($20::timestamptz[]) AS accepted,
             unnest($21::timestamptz[]) AS ready, unnest($22::timestamptz[]) AS stopping,
             unnest($23::timestamptz[]) AS ended, unnest($24::bigint[]) AS seconds_signed,
             unnest($25::bigint[]) AS seconds_observed, unnest($26::bigint[]) AS seconds_billed,
             unnest($27::bigint[]) AS charge, unnest($28::bigint[]) AS fee, unnest($29::bigint[]) AS payout,
             unnest($30::bigint[]) AS insurance, unnest($31::bigint[]) AS exit_code,
             unnest($32::bigint[]) AS reason, unnest($33::bigint[]) AS fault, unnest($34::bigint[]) AS version,
             unnest($35::timestamptz[]) AS prepared, unnest($36::timestamptz[]) AS gathered,
             unnest($37::bigint[]) AS checkpoint, unnest($38::bigint[]) AS kept, unnest($39::bigint[]) AS looked,
             unnest($40::bigint[]) AS ill_us) u;
