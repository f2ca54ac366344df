-- Keep what a lease did with its network. No row: that was told already, and stays.
-- $1 lease  $2 flows
INSERT INTO lease_flows (lease, flows) VALUES ($1, $2) ON CONFLICT (lease) DO NOTHING;
