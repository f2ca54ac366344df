-- Bids that entered sealed in the group.
-- $1 bid  $2 closes
INSERT INTO auctions (bid, closes) SELECT unnest($1::bigint[]), unnest($2::timestamptz[]);
