-- A node, its agent, and how many leases hold units of it. No row: there is no such node.
-- $1 node
SELECT n.node, n.account, n.at, n.cpu_millis, n.memory_bytes, n.scratch_bytes, n.gpu_pool, n.gpus,
    n.region, n.tier, n.verified, n.isolation, n.interconnect, n.bandwidth_mbps, n.label, n.site,
    n.strikes, n.backoff, n.quoted, n.ill_since, n.drain, n.drain_stops,
    (SELECT s.at FROM nodes s WHERE s.node = n.site) AS site_at,
    g.name, g.agent_version, g.inventory, g.engine, g.last_seen_at, g.doctor, g.doctor_at,
    (SELECT count(*) FROM leases l WHERE l.node = n.node AND (l.state < 4 OR l.state = 6)),
    coalesce(u.gpus, '[]')
FROM nodes n JOIN node_agents g ON g.node = n.node LEFT JOIN node_gpus u ON u.node = n.node
WHERE n.node = $1;
