-- Leases of a pool that were paid and ended in a span, in the order in which they ended; not those of one owner, who
-- pays himself nothing. No row: there are none.
-- $1 pool  $2 after  $3 up to  $4 how many, the newest
SELECT d.buyer, d.provider, d.price, d.units, d.seconds, d.term_seconds FROM (
    SELECT ended, lease, buyer, provider, price, units, seconds_billed AS seconds, seconds_max AS term_seconds
    FROM leases WHERE pool = $1 AND state = 8 AND ended > $2 AND ended <= $3 AND NOT own AND buyer <> provider
    ORDER BY ended DESC, lease DESC LIMIT $4) d
ORDER BY d.ended, d.lease;
