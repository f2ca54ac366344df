-- Sealed bids that still take offers, in pools in which the node has an open ask, after $2. What the bid accepts
-- beside its first pool stands in its terms; that a number of units there can be taken for a pool tells too much, never
-- too little. No row: none.
-- $1 node  $2 after this bid  $3 now  $4 how many
SELECT b.bid, b.at, u.closes, b.pool, b.units, b.seconds, b.terms
FROM auctions u JOIN bids b ON b.bid = u.bid
WHERE u.closes > $3 AND u.bid > $2 AND b.state = 1 AND b.progress & 65536 <> 0
  AND EXISTS (SELECT FROM asks a WHERE a.node = $1 AND a.state = 1 AND a.account <> b.account
                AND (a.pool = b.pool OR a.pool = ANY (b.terms[17:])))
ORDER BY u.bid LIMIT $4;
