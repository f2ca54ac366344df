-- Keys that may be repeated: those of the last days, in no order.
-- $1 since
SELECT account, key, body, seq, at FROM commands WHERE at >= $1 AND octet_length(body) > 0;
