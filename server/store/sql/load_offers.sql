-- Sealed offers for bids whose auction is not over, in their order.
SELECT o.bid, o.ask, o.price, o.seq
FROM auctions a JOIN bids b ON b.bid = a.bid JOIN offers o ON o.bid = a.bid
WHERE b.state = 1 AND b.progress & 65536 <> 0
ORDER BY o.bid, o.seq;
