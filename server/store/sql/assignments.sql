-- What a node shall do, by version: with $2 = 0 all its live leases, else those that were offered, or told to stop or
-- to make room, by a later command. A lease that waits for another to make room is told once that has ended, and one of
-- a gang that is recalled before it was accepted is told no more. No row: nothing. All leases of the last version come,
-- be they more than $3.
-- $1 node  $2 after this version  $3 how many
SELECT l.lease, l.bid, l.ask, l.node, l.buyer, l.provider, l.pool, l.units, l.price, l.seconds_max, l.hold, l.state, l.epoch,
       l.traded, l.accepted, l.ready, l.stopping, l.ended, l.seconds_signed, l.seconds_observed, l.seconds_billed,
       l.charge, l.fee, l.payout, l.exit_code, l.reason, l.fault, l.version, b.at AS bid_at, a.at AS ask_at,
       n.at AS node_at, x.seq IS NOT NULL AS exited, l.base, l.own, l.ripe, l.waits, l.insurance,
       coalesce(b.terms[2], 0) + 1 AS nodes,
       (SELECT count(*) FROM leases g WHERE g.bid = l.bid AND g.lease BETWEEN l.lease - l.lease % 4096 AND l.lease - 1) AS rank, l.prepared, l.gathered
FROM leases l JOIN bids b ON b.bid = l.bid JOIN asks a ON a.ask = l.ask JOIN nodes n ON n.node = l.node
LEFT JOIN lease_commands x ON x.lease = l.lease AND x.kind = 14
WHERE l.node = $1 AND (l.state < 4 OR l.state = 6) AND l.version > $2 AND ($2 = 0 OR l.state IN (0, 3, 6))
      AND l.waits = 0 AND (l.state <> 0 OR l.reason = 0)
ORDER BY l.version FETCH FIRST $3 ROWS WITH TIES;
