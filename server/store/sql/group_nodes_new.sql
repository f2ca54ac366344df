-- Nodes that joined in the group.
-- $1 node  $2 account  $3 at  $4 cpu_millis  $5 memory_bytes  $6 scratch_bytes  $7 gpu_pool  $8 gpus
-- $9 region  $10 tier  $11 verified  $12 isolation  $13 interconnect  $14 bandwidth_mbps  $15 label  $16 site
-- $17 strikes  $18 backoff  $19 quoted  $20 ill_since  $21 ill_us  $22 drain  $23 drain_stops
INSERT INTO nodes (node, account, at, cpu_millis, memory_bytes, scratch_bytes, gpu_pool, gpus, region, tier,
                   verified, isolation, interconnect, bandwidth_mbps, label, site, strikes, backoff, quoted,
                   ill_since, ill_us, drain, drain_stops)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::timestamptz[]), unnest($4::bigint[]),
       unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]),
       unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::bigint[]),
       unnest($13::bigint[]), unnest($14::bigint[]), unnest($15::bigint[]), unnest($16::bigint[]),
       unnest($17::bigint[]), unnest($18::timestamptz[]), unnest($19::timestamptz[]),
       unnest($20::timestamptz[]), unnest($21::bigint[]), unnest($22::timestamptz[]), unnest($23::bigint[]);
