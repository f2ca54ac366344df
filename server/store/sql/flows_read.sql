-- What a lease did with its network. No row: none was told, or it is forgotten.
-- $1 lease
SELECT flows, told_at FROM lease_flows WHERE lease = $1;
