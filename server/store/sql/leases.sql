-- A page of an account's leases, newest first. No row: there are no more.
-- BETWEEN, as with = the planner takes the order for that of the primary key, and walks the leases of all accounts.
-- $1 account  $2 role: 0 both, 1 buyer, 2 provider  $3 state, -1: any  $4 only leases below this number  $5 how many
SELECT l.lease, l.bid, l.ask, l.node, l.buyer, l.provider, l.pool, l.units, l.price, l.seconds_max, l.hold, l.state, l.epoch,
       l.traded, l.accepted, l.ready, l.stopping, l.ended, l.seconds_signed, l.seconds_observed, l.seconds_billed,
       l.charge, l.fee, l.payout, l.exit_code, l.reason, l.fault, l.version, b.at AS bid_at, a.at AS ask_at,
       n.at AS node_at, x.seq IS NOT NULL AS exited, l.base, l.own, l.ripe, l.waits, l.insurance,
       coalesce(b.terms[2], 0) + 1 AS nodes,
       (SELECT count(*) FROM leases g WHERE g.bid = l.bid AND g.lease BETWEEN l.lease - l.lease % 4096 AND l.lease - 1) AS rank, l.prepared, l.gathered
FROM ((SELECT s.* FROM leases s
       WHERE $2 <> 1 AND s.provider BETWEEN $1 AND $1 AND s.lease < $4 AND ($3 < 0 OR s.state = $3)
       ORDER BY s.provider DESC, s.lease DESC LIMIT $5)
      UNION ALL
      (SELECT s.* FROM leases s
       WHERE $2 <> 2 AND s.buyer BETWEEN $1 AND $1 AND s.lease < $4 AND ($3 < 0 OR s.state = $3)
       ORDER BY s.buyer DESC, s.lease DESC LIMIT $5)) l
JOIN bids b ON b.bid = l.bid JOIN asks a ON a.ask = l.ask JOIN nodes n ON n.node = l.node
LEFT JOIN lease_commands x ON x.lease = l.lease AND x.kind = 14
ORDER BY l.lease DESC LIMIT $5;
