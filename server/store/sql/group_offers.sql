-- Sealed offers of the group; the later one of an ask replaces the earlier.
-- $1 bid  $2 ask  $3 price  $4 seq
INSERT INTO offers (bid, ask, price, seq)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[])
ON CONFLICT (bid, ask) DO UPDATE SET price = excluded.price, seq = excluded.seq;
