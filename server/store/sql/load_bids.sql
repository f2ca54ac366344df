-- Bids that are open, or that have a live lease: of all that came after the last note of what is open.
SELECT bid, account, at, priority, pool, price, budget, units, seconds, expires, attempts_max, state, job, spent,
       hold, lease, attempts, exit_code, reason, progress, parked, excluded, terms
FROM bids
WHERE bid >= (SELECT floor FROM open_note) AND (state = 1 OR lease <> 0);
