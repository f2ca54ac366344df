-- The same of one job: the commands that made it, traded it, told its leases something, or named its bid.
-- $1 account  $2 only commands below this number  $3 how many entries  $4 bid
SELECT c.seq, c.at, c.kind, p.account / 4 AS account, p.account % 4 AS bucket, p.amount
FROM (SELECT e.* FROM
          (SELECT $4::bigint AS seq
           UNION SELECT l.lease >> 12 FROM leases l WHERE l.bid = $4
           UNION SELECT t.seq FROM leases l JOIN lease_commands t ON t.lease = l.lease WHERE l.bid = $4
           UNION SELECT o.seq FROM commands o
                 WHERE o.account = $1 AND o.kind IN (8, 9)
                   AND (convert_from(o.payload, 'UTF8')::json ->> CASE o.kind WHEN 8 THEN 'bid' ELSE 'order' END)::bigint = $4
           UNION SELECT f.seq FROM foreign_entries f JOIN commands o ON o.seq = f.seq
                 WHERE f.account = $1 AND o.kind = 18
                   AND (convert_from(o.payload, 'UTF8')::json ->> 'order')::bigint = $4) s
      JOIN commands e ON e.seq = s.seq
      WHERE e.seq < $2 AND e.accounts && ARRAY[$1 * 4, $1 * 4 + 1]
      ORDER BY e.seq DESC LIMIT $3) c,
     unnest(c.accounts, c.amounts) WITH ORDINALITY AS p(account, amount, line)
ORDER BY c.seq DESC, p.line;
