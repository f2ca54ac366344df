-- Leases that are not over.
SELECT lease, bid, ask, node, buyer, provider, pool, units, price, seconds_max, hold, state, epoch,
       coalesce(offered, traded) AS traded, accepted, ready, stopping, ended, seconds_signed, seconds_observed,
       seconds_billed, charge, fee, payout, exit_code, reason, fault, base, own::int, ripe::int, waits, insurance, prepared,
       gathered,
       checkpoint, seconds_kept, seconds_looked, ill_us
FROM leases WHERE state < 8;
