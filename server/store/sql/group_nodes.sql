-- Nodes whose inventory or standing changed.
-- $1 node  $2 cpu_millis  $3 memory_bytes  $4 scratch_bytes  $5 gpu_pool  $6 gpus  $7 region  $8 tier
-- $9 verified  $10 isolation  $11 interconnect  $12 bandwidth_mbps  $13 label  $14 site  $15 strikes
-- $16 backoff  $17 quoted  $18 ill_since  $19 ill_us  $20 drain  $21 drain_stops
UPDATE nodes n SET cpu_millis = u.cpu_millis, memory_bytes = u.memory_bytes, scratch_bytes = u.scratch_bytes,
                   gpu_pool = u.gpu_pool, gpus = u.gpus, region = u.region, tier = u.tier, verified = u.verified,
                   isolation = u.isolation, interconnect = u.interconnect, bandwidth_mbps = u.bandwidth_mbps,
                   label = u.label, site = u.site, strikes = u.strikes, backoff = u.backoff, quoted = u.quoted,
                   ill_since = u.ill_since, ill_us = u.ill_us, drain = u.drain, drain_stops = u.drain_stops
FROM (SELECT unnest($1::bigint[]) AS node, unnest($2::bigint[]) AS cpu_millis,
             unnest($3::bigint[]) AS memory_bytes, unnest($4::bigint[]) AS scratch_bytes,
             unnest($5::bigint[]) AS gpu_pool, unnest($6::bigint[]) AS gpus, unnest($7::bigint[]) AS region,
             unnest($8::bigint[]) AS tier, unnest($9::bigint[]) AS verified, unnest($10::bigint[]) AS isolation,
             unnest($11::bigint[]) AS interconnect, unnest($12::bigint[]) AS bandwidth_mbps,
             unnest($13::bigint[]) AS label, unnest($14::bigint[]) AS site, unnest($15::bigint[]) AS strikes,
             unnest($16::timestamptz[]) AS backoff, unnest($17::timestamptz[]) AS quoted,
             unnest($18::timestamptz[]) AS ill_since, unnest($19::bigint[]) AS ill_us,
             unnest($20::timestamptz[]) AS drain, unnest($21::bigint[]) AS drain_stops) u
WHERE n.node = u.node;
