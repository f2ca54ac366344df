-- Bids and jobs that changed. The nodes to avoid are the slice first..last of $17; first 0: none.
-- $1 bid  $2 priority  $3 price  $4 state  $5 job  $6 spent  $7 hold  $8 lease  $9 attempts  $10 exit_code
-- $11 reason  $12 progress  $13 parked  $14 first  $15 last  $16 version  $17 nodes
UPDATE bids b SET priority = u.priority, price = u.price, state = u.state, job = u.job, spent = u.spent,
                  hold = u.hold, lease = u.lease, attempts = u.attempts, exit_code = u.exit_code,
                  reason = u.reason, progress = nullif(u.progress, 0), parked = nullif(u.parked, 0),
                  version = u.version, excluded = CASE WHEN u.first > 0 THEN ($17::bigint[])[u.first:u.last] END
FROM (SELECT unnest($1::bigint[]) AS bid, unnest($2::bigint[]) AS priority, unnest($3::bigint[]) AS price,
             unnest($4::bigint[]) AS state, unnest($5::bigint[]) AS job, unnest($6::bigint[]) AS spent,
             unnest($7::bigint[]) AS hold, unnest($8::bigint[]) AS lease, unnest($9::bigint[]) AS attempts,
             unnest($10::bigint[]) AS exit_code, unnest($11::bigint[]) AS reason,
             unnest($12::bigint[]) AS progress, unnest($13::bigint[]) AS parked, unnest($14::bigint[]) AS first,
             unnest($15::bigint[]) AS last, unnest($16::bigint[]) AS version) u
WHERE b.bid = u.bid;
