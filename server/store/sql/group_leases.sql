-- Leases that changed.
-- $1 lease  $2 state  $3 epoch  $4 accepted  $5 ready  $6 stopping  $7 ended  $8 seconds_signed
-- $9 seconds_observed  $10 seconds_billed  $11 charge  $12 fee  $13 payout  $14 exit_code  $15 reason  $16 fault
-- $17 version
UPDATE leases l SET state = u.state, epoch = u.epoch, accepted = u.accepted, ready = u.ready,
                    stopping = u.stopping, ended = u.ended, seconds_signed = u.seconds_signed,
                    seconds_observed = u.seconds_observed, seconds_billed = u.seconds_billed,
                    charge = u.charge, fee = u.fee, payout = u.payout, exit_code = u.exit_code,
                    reason = u.reason, fault = u.fault, version = u.version
FROM (SELECT unnest($1::bigint[]) AS lease, unnest($2::bigint[]) AS state, unnest($3::bigint[]) AS epoch,
             unnest($4::timestamptz[]) AS accepted, unnest($5::timestamptz[]) AS ready,
             unnest($6::timestamptz[]) AS stopping, unnest($7::timestamptz[]) AS ended,
             unnest($8::bigint[]) AS seconds_signed, unnest($9::bigint[]) AS seconds_observed,
             unnest($10::bigint[]) AS seconds_billed, unnest($11::bigint[]) AS charge, unnest($12::bigint[]) AS fee,
             unnest($13::bigint[]) AS payout, unnest($14::bigint[]) AS exit_code, unnest($15::bigint[]) AS reason,
             unnest($16::bigint[]) AS fault, unnest($17::bigint[]) AS version) u
WHERE l.lease = u.lease;
