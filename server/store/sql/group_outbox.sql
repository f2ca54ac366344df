-- What the group changed, for others to hear of.
-- $1 seq  $2 index  $3 topic  $4 number
INSERT INTO outbox (seq, index, topic, number)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]);
