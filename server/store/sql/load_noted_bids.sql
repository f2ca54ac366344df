-- The same of those that the note names. Two statements, as one over both puts each row together twice.
SELECT b.bid, b.account, b.at, b.priority, b.pool, b.price, b.budget, b.units, b.seconds, b.expires, b.attempts_max,
       b.state, b.job, b.spent, b.hold, b.lease, b.attempts, b.exit_code, b.reason, b.progress, b.parked, b.excluded,
       b.terms
FROM open_note n CROSS JOIN unnest(n.bids) AS o(bid) JOIN bids b ON b.bid = o.bid
WHERE b.state = 1 OR b.lease <> 0;
