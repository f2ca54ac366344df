-- Bids that are open, or that have a live lease: of those noted as such, and of all that came after the note.
SELECT bid, account, at, priority, pool, price, budget, units, seconds, expires, attempts_max, state, job, spent,
       hold, lease, attempts, exit_code, reason, progress, parked, excluded, terms
FROM (
    SELECT * FROM bids WHERE bid >= (SELECT floor FROM open_note)
    UNION ALL
    SELECT b.* FROM open_note n CROSS JOIN unnest(n.bids) AS o(bid) JOIN bids b ON b.bid = o.bid
) b
WHERE state = 1 OR lease <> 0;
