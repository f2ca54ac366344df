-- All nodes.
SELECT node, account, at, cpu_millis, memory_bytes, scratch_bytes, gpu_pool, gpus, region, tier, verified,
       isolation, interconnect, bandwidth_mbps, label, site, strikes, backoff, quoted, ill_since, ill_us, drain,
       drain_stops
FROM nodes;
