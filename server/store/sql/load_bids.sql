-- Bids that are open, or that have a live lease.
SELECT bid, account, at, priority, pool, price, budget, units, seconds, expires, attempts_max, state, job, spent,
       hold, lease, attempts, exit_code, reason, coalesce(cardinality(excluded), 0) AS excluded_n,
       coalesce(excluded[1], 0) AS e1, coalesce(excluded[2], 0) AS e2, coalesce(excluded[3], 0) AS e3,
       coalesce(excluded[4], 0) AS e4, coalesce(excluded[5], 0) AS e5, coalesce(excluded[6], 0) AS e6,
       coalesce(excluded[7], 0) AS e7, coalesce(excluded[8], 0) AS e8, coalesce(excluded[9], 0) AS e9,
       coalesce(excluded[10], 0) AS e10
FROM bids b
WHERE state = 1 OR lease <> 0;
