-- Bids that entered in the group, and their jobs. The nodes to avoid are the slice first..last of $27, the terms the
-- slice terms_first..terms_last; first 0: none.
-- $1 bid  $2 account  $3 at  $4 priority  $5 pool  $6 price  $7 budget  $8 units  $9 seconds  $10 expires
-- $11 attempts_max  $12 state  $13 job  $14 spent  $15 hold  $16 lease  $17 attempts  $18 exit_code
-- $19 reason  $20 progress  $21 parked  $22 first  $23 last  $24 terms_first  $25 terms_last  $26 version
-- $27 lists
INSERT INTO bids (bid, account, at, priority, pool, price, budget, units, seconds, expires, attempts_max, state,
                  job, spent, hold, lease, attempts, exit_code, reason, excluded, terms, progress, parked, version)
SELECT bid, account, at, priority, pool, price, budget, units, seconds, expires, attempts_max, state, job, spent,
       hold, lease, attempts, exit_code, reason,
       CASE WHEN first > 0 THEN ($27::bigint[])[first:last] END,
       CASE WHEN terms_first > 0 THEN ($27::bigint[])[terms_first:terms_last] END, nullif(progress, 0),
       nullif(parked, 0), version
FROM (SELECT unnest($1::bigint[]) AS bid, unnest($2::bigint[]) AS account, unnest($3::timestamptz[]) AS at,
             unnest($4::bigint[]) AS priority, unnest($5::bigint[]) AS pool, unnest($6::bigint[]) AS price,
             unnest($7::bigint[]) AS budget, unnest($8::bigint[]) AS units, unnest($9::bigint[]) AS seconds,
             unnest($10::timestamptz[]) AS expires, unnest($11::bigint[]) AS attempts_max,
             unnest($12::bigint[]) AS state, unnest($13::bigint[]) AS job, unnest($14::bigint[]) AS spent,
             unnest($15::bigint[]) AS hold, unnest($16::bigint[]) AS lease, unnest($17::bigint[]) AS attempts,
             unnest($18::bigint[]) AS exit_code, unnest($19::bigint[]) AS reason,
             unnest($20::bigint[]) AS progress, unnest($21::bigint[]) AS parked, unnest($22::bigint[]) AS first,
             unnest($23::bigint[]) AS last, unnest($24::bigint[]) AS terms_first,
             unnest($25::bigint[]) AS terms_last, unnest($26::bigint[]) AS version) u;
