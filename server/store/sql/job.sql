-- One job with its bid, its newest lease and the digest that the agent resolved. No row: unknown, or not this account's.
-- $1 bid  $2 account
SELECT b.bid, b.account, b.at, b.priority, b.pool, b.price, b.budget, b.units, b.seconds, b.expires, b.attempts_max,
       b.state, b.job, b.spent, b.hold, b.attempts, b.exit_code, b.reason, b.version,
       greatest(b.version, l.version) AS changed, coalesce(l.lease, 0) AS last_lease, l.traded AS last_traded,
       coalesce(l.reason, 0) AS last_reason, x.seq IS NOT NULL AS exited,
       coalesce(convert_from(rc.payload, 'UTF8')::json #>> '{more,image_digest}',
                convert_from(pc.payload, 'UTF8')::json #>> '{more,image_digest}') AS image_digest,
       c.payload, b.terms, b.progress, coalesce(b.parked, 0) AS parked
FROM bids b JOIN commands c ON c.seq = b.bid
LEFT JOIN LATERAL (SELECT * FROM leases i WHERE i.bid = b.bid ORDER BY i.lease DESC LIMIT 1) l ON true
LEFT JOIN lease_commands x ON x.lease = l.lease AND x.kind = 14
LEFT JOIN lease_commands r ON r.lease = l.lease AND r.kind = 12
LEFT JOIN commands rc ON rc.seq = r.seq
LEFT JOIN lease_commands p ON p.lease = l.lease AND p.kind = 10
LEFT JOIN commands pc ON pc.seq = p.seq
WHERE b.bid = $1 AND b.account = $2;
