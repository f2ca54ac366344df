-- What changed in pools beside their orders. The last trades (price, seller, price, …) are the slice first..last of $8;
-- first 0: none.
-- $1 pool  $2 call  $3 called_seq  $4 cursor_limit  $5 cursor_priority  $6 first  $7 last  $8 trades
INSERT INTO pool_states (pool, call, called_seq, cursor_limit, cursor_priority, recent)
SELECT pool, call, called_seq, cursor_limit, cursor_priority,
       CASE WHEN first > 0 THEN ($8::bigint[])[first:last] ELSE '{}' END
FROM (SELECT unnest($1::bigint[]) AS pool, unnest($2::timestamptz[]) AS call, unnest($3::bigint[]) AS called_seq,
             unnest($4::bigint[]) AS cursor_limit, unnest($5::bigint[]) AS cursor_priority,
             unnest($6::bigint[]) AS first, unnest($7::bigint[]) AS last) u
ON CONFLICT (pool) DO UPDATE SET call = excluded.call, called_seq = excluded.called_seq,
                                 cursor_limit = excluded.cursor_limit, cursor_priority = excluded.cursor_priority,
                                 recent = excluded.recent;
