-- One lease. No row: unknown, or the account is neither its buyer nor its provider.
-- $1 lease  $2 account
SELECT l.lease, l.bid, l.ask, l.node, l.buyer, l.provider, l.pool, l.units, l.price, l.seconds_max, l.hold, l.state, l.epoch,
       l.traded, l.accepted, l.ready, l.stopping, l.ended, l.seconds_signed, l.seconds_observed, l.seconds_billed,
       l.charge, l.fee, l.payout, l.exit_code, l.reason, l.fault, l.version, b.at AS bid_at, a.at AS ask_at,
       n.at AS node_at, x.seq IS NOT NULL AS exited, l.base, l.own, l.ripe, l.waits, l.insurance,
       coalesce(b.terms[2], 0) + 1 AS nodes,
       (SELECT count(*) FROM leases g WHERE g.bid = l.bid AND g.lease BETWEEN l.lease - l.lease % 4096 AND l.lease - 1) AS rank, l.prepared, l.gathered
FROM leases l JOIN bids b ON b.bid = l.bid JOIN asks a ON a.ask = l.ask JOIN nodes n ON n.node = l.node
LEFT JOIN lease_commands x ON x.lease = l.lease AND x.kind = 14
WHERE l.lease = $1 AND (l.buyer = $2 OR l.provider = $2);
