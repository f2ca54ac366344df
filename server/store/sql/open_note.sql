-- The bids that are open or have a live lease, and the number below which there are no others. No row: not yet
-- worth it. All of it is seen at one moment; what is over never opens again, so the list can only become too long.
-- $1 step
UPDATE open_note n SET floor = l.floor, bids = ARRAY(
    SELECT b.bid FROM (
        SELECT bid, state, lease FROM bids WHERE bid >= n.floor AND bid < l.floor
        UNION ALL
        SELECT b.bid, b.state, b.lease FROM unnest(n.bids) AS o(bid) JOIN bids b ON b.bid = o.bid
    ) b WHERE state = 1 OR lease <> 0 ORDER BY bid)
FROM (SELECT coalesce((SELECT seq FROM commands ORDER BY seq DESC LIMIT 1), 0) + 1 AS floor) l
WHERE l.floor >= n.floor + $1;
