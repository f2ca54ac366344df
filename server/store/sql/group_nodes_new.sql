-- Nodes that joined in the group.
-- $1 node  $2 account  $3 at  $4 cpu_millis  $5 memory_bytes  $6 scratch_bytes  $7 gpu_pool  $8 gpus
INSERT INTO nodes (node, account, at, cpu_millis, memory_bytes, scratch_bytes, gpu_pool, gpus)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::timestamptz[]), unnest($4::bigint[]),
       unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]);
