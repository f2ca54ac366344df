-- Trades of the group.
-- $1 trade  $2 at  $3 pool  $4 units  $5 price  $6 bid  $7 ask  $8 bid_rested  $9 own  $10 displacing
INSERT INTO trades (trade, at, pool, units, price, bid, ask, bid_rested, own, displacing)
SELECT unnest($1::bigint[]), unnest($2::timestamptz[]), unnest($3::bigint[]), unnest($4::bigint[]),
       unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::boolean[]),
       unnest($9::boolean[]), unnest($10::boolean[]);
