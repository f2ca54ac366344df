-- Asks that entered in the group. The terms are the slice first..last of $19; first 0: none.
-- $1 ask  $2 account  $3 at  $4 priority  $5 node  $6 pool  $7 price  $8 floor  $9 units  $10 free  $11 until
-- $12 seconds_min  $13 seconds_max  $14 state  $15 reason  $16 first  $17 last  $18 version  $19 terms
INSERT INTO asks (ask, account, at, priority, node, pool, price, floor, units, free, until, seconds_min,
                  seconds_max, state, reason, terms, version)
SELECT ask, account, at, priority, node, pool, price, floor, units, free, until, seconds_min, seconds_max, state,
       reason,
       CASE WHEN first > 0 THEN ($19::bigint[])[first:last] END, version
FROM (SELECT unnest($1::bigint[]) AS ask, unnest($2::bigint[]) AS account, unnest($3::timestamptz[]) AS at,
             unnest($4::bigint[]) AS priority, unnest($5::bigint[]) AS node, unnest($6::bigint[]) AS pool,
             unnest($7::bigint[]) AS price, unnest($8::bigint[]) AS floor, unnest($9::bigint[]) AS units,
             unnest($10::bigint[]) AS free, unnest($11::timestamptz[]) AS until,
             unnest($12::bigint[]) AS seconds_min, unnest($13::bigint[]) AS seconds_max,
             unnest($14::bigint[]) AS state, unnest($15::bigint[]) AS reason, unnest($16::bigint[]) AS first,
             unnest($17::bigint[]) AS last, unnest($18::bigint[]) AS version) u;
