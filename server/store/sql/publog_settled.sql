-- Leases that were paid in these commands, with the receipt's command if there is one and what the log said of
-- them last. No row: none.
-- $1 number before the first command  $2 the last
SELECT o.seq, l.lease, l.traded, l.ended, l.pool, l.units, l.price, l.epoch, l.seconds_signed, l.seconds_observed,
       l.seconds_billed, l.charge, l.fee, l.payout, l.insurance, l.exit_code, l.reason, l.fault, c.payload,
       (SELECT s.document FROM log_settlements s WHERE s.lease = l.lease ORDER BY s.index DESC LIMIT 1) AS logged
FROM (SELECT number, max(seq) AS seq FROM outbox WHERE topic = 3 AND seq > $1 AND seq <= $2 GROUP BY number) o
JOIN leases l ON l.lease = o.number
LEFT JOIN lease_commands x ON x.lease = l.lease AND x.kind = 14
LEFT JOIN commands c ON c.seq = x.seq
WHERE l.state = 8 OR (l.state = 9 AND l.charge > 0)
ORDER BY o.seq, l.lease;
