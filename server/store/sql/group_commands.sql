-- Commands of a group with their entries. An entry is the slice first..last of all lines; first 0: none.
-- $1 seq  $2 at  $3 account  $4 kind  $5 key  $6 body  $7 status  $8 leaf  $9 payload  $10 first  $11 last
-- $12 accounts of all lines  $13 amounts of all lines
INSERT INTO commands (seq, at, account, kind, key, body, status, leaf, payload, accounts, amounts)
SELECT seq, at, account, kind, key, body, status, leaf, payload,
       CASE WHEN first > 0 THEN ($12::bigint[])[first:last] END,
       CASE WHEN first > 0 THEN ($13::bigint[])[first:last] END
FROM (SELECT unnest($1::bigint[]) AS seq, unnest($2::timestamptz[]) AS at, unnest($3::bigint[]) AS account,
             unnest($4::bigint[]) AS kind, unnest($5::uuid[]) AS key, unnest($6::bytea[]) AS body,
             unnest($7::bigint[]) AS status, unnest($8::bytea[]) AS leaf, unnest($9::bytea[]) AS payload,
             unnest($10::bigint[]) AS first, unnest($11::bigint[]) AS last) u;
