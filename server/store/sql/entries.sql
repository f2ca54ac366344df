-- The lines of a page of entries that touch an account, newest entry first. No row: there are no more.
-- $1 account  $2 only commands below this number  $3 how many entries
SELECT c.seq, c.at, c.kind, p.account / 4 AS account, p.account % 4 AS bucket, p.amount
FROM (SELECT e.* FROM
          ((SELECT o.seq FROM commands o
            WHERE o.account = $1 AND o.seq < $2 AND o.accounts && ARRAY[$1 * 4, $1 * 4 + 1]
            ORDER BY o.seq DESC LIMIT $3)
           UNION ALL
           (SELECT f.seq FROM foreign_entries f WHERE f.account = $1 AND f.seq < $2
            ORDER BY f.seq DESC LIMIT $3)) s
      JOIN commands e ON e.seq = s.seq
      ORDER BY e.seq DESC LIMIT $3) c,
     unnest(c.accounts, c.amounts) WITH ORDINALITY AS p(account, amount, line)
ORDER BY c.seq DESC, p.line;
