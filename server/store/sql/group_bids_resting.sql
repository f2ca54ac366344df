-- Bids that entered in the group and rest: what they have not done yet is the same in all of them.
-- $1 bid  $2 account  $3 at  $4 pool  $5 price  $6 budget  $7 units  $8 seconds  $9 expires  $10 attempts_max
-- $11 hold  $12 version
INSERT INTO bids (bid, account, at, priority, pool, price, budget, units, seconds, expires, attempts_max, state,
                  job, spent, hold, lease, attempts, exit_code, reason, version)
SELECT bid, account, at, bid, pool, price, budget, units, seconds, expires, attempts_max, 1, 1, 0, hold, 0, 0, 0, 0,
       version
FROM (SELECT unnest($1::bigint[]) AS bid, unnest($2::bigint[]) AS account, unnest($3::timestamptz[]) AS at,
             unnest($4::bigint[]) AS pool, unnest($5::bigint[]) AS price, unnest($6::bigint[]) AS budget,
             unnest($7::bigint[]) AS units, unnest($8::bigint[]) AS seconds, unnest($9::timestamptz[]) AS expires,
             unnest($10::bigint[]) AS attempts_max, unnest($11::bigint[]) AS hold, unnest($12::bigint[]) AS version) u;
