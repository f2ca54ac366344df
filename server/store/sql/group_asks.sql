-- Asks that changed.
-- $1 ask  $2 priority  $3 price  $4 units  $5 free  $6 state  $7 reason  $8 version
UPDATE asks a SET priority = u.priority, price = u.price, units = u.units, free = u.free, state = u.state,
                  reason = u.reason, version = u.version
FROM (SELECT unnest($1::bigint[]) AS ask, unnest($2::bigint[]) AS priority, unnest($3::bigint[]) AS price,
             unnest($4::bigint[]) AS units, unnest($5::bigint[]) AS free, unnest($6::bigint[]) AS state,
             unnest($7::bigint[]) AS reason, unnest($8::bigint[]) AS version) u
WHERE a.ask = u.ask;
