-- Asks that changed. The terms are the slice first..last of $12; first 0: none.
-- $1 ask  $2 priority  $3 price  $4 units  $5 free  $6 until  $7 state  $8 reason  $9 first  $10 last
-- $11 version  $12 terms
UPDATE asks a SET priority = u.priority, price = u.price, units = u.units, free = u.free, until = u.until, state = u.state,
                  reason = u.reason, version = u.version,
                  terms = CASE WHEN u.first > 0 THEN ($12::bigint[])[u.first:u.last] END
FROM (SELECT unnest($1::bigint[]) AS ask, unnest($2::bigint[]) AS priority, unnest($3::bigint[]) AS price,
             unnest($4::bigint[]) AS units, unnest($5::bigint[]) AS free, unnest($6::timestamptz[]) AS until,
             unnest($7::bigint[]) AS state, unnest($8::bigint[]) AS reason, unnest($9::bigint[]) AS first,
             unnest($10::bigint[]) AS last, unnest($11::bigint[]) AS version) u
WHERE a.ask = u.ask;
