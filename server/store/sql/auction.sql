-- When a sealed bid entered. No row: there is no such bid, or it was never sealed.
-- $1 bid
SELECT b.at FROM auctions u JOIN bids b ON b.bid = u.bid WHERE u.bid = $1;
