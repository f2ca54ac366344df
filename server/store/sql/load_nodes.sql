-- All nodes.
SELECT node, account, at, cpu_millis, memory_bytes, scratch_bytes, gpu_pool, gpus FROM nodes;
