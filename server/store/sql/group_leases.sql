-- Leases that changed. `offered` is kept only where it is later than `traded`.
-- $1 lease  $2 state  $3 epoch  $4 waits  $5 ripe  $6 offered  $7 accepted  $8 ready  $9 stopping  $10 ended
-- $11 seconds_signed  $12 seconds_observed  $13 seconds_billed  $14 charge  $15 fee  $16 payout  $17 insurance
-- $18 exit_code  $19 reason  $20 fault  $21 version  $22 prepared  $23 gathered  $24 checkpoint  $25 kept  $26 looked
-- $27 ill_us
UPDATE leases l SET state = u.state, epoch = u.epoch, waits = u.waits, ripe = u.ripe,
                    offered = nullif(u.offered, l.traded), accepted = u.accepted, ready = u.ready,
                    stopping = u.stopping, ended = u.ended, seconds_signed = u.seconds_signed,
                    seconds_observed = u.seconds_observed, seconds_billed = u.seconds_billed, charge = u.charge,
                    fee = u.fee, payout = u.payout, insurance = u.insurance, exit_code = u.exit_code,
                    reason = u.reason, fault = u.fault, version = u.version, prepared = u.prepared,
                    gathered = u.gathered, checkpoint = u.checkpoint,
                    seconds_kept = u.kept, seconds_looked = u.looked, ill_us = u.ill_us
FROM (SELECT unnest($1::bigint[]) AS lease, unnest($2::bigint[]) AS state, unnest($3::bigint[]) AS epoch,
             unnest($4::bigint[]) AS waits, unnest($5::boolean[]) AS ripe, unnest($6::timestamptz[]) AS offered,
             unnest($7::timestamptz[]) AS accepted, unnest($8::timestamptz[]) AS ready,
             unnest($9::timestamptz[]) AS stopping, unnest($10::timestamptz[]) AS ended,
             unnest($11::bigint[]) AS seconds_signed, unnest($12::bigint[]) AS seconds_observed,
             unnest($13::bigint[]) AS seconds_billed, unnest($14::bigint[]) AS charge,
             unnest($15::bigint[]) AS fee, unnest($16::bigint[]) AS payout, unnest($17::bigint[]) AS insurance,
             unnest($18::bigint[]) AS exit_code, unnest($19::bigint[]) AS reason, unnest($20::bigint[]) AS fault,
             unnest($21::bigint[]) AS version, unnest($22::timestamptz[]) AS prepared,
             unnest($23::timestamptz[]) AS gathered,
             unnest($24::bigint[]) AS checkpoint, unnest($25::bigint[]) AS kept, unnest($26::bigint[]) AS looked,
             unnest($27::bigint[]) AS ill_us) u
WHERE l.lease = u.lease;
