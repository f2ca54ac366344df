-- Nodes whose inventory changed.
-- $1 node  $2 cpu_millis  $3 memory_bytes  $4 scratch_bytes  $5 gpu_pool  $6 gpus
UPDATE nodes n SET cpu_millis = u.cpu_millis, memory_bytes = u.memory_bytes, scratch_bytes = u.scratch_bytes,
                   gpu_pool = u.gpu_pool, gpus = u.gpus
FROM (SELECT unnest($1::bigint[]) AS node, unnest($2::bigint[]) AS cpu_millis, unnest($3::bigint[]) AS memory_bytes,
             unnest($4::bigint[]) AS scratch_bytes, unnest($5::bigint[]) AS gpu_pool, unnest($6::bigint[]) AS gpus) u
WHERE n.node = u.node;
