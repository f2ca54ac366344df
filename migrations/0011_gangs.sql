-- Gangs that start together: each says when it could, and may once all of them can.

ALTER TABLE leases ADD COLUMN prepared timestamptz, ADD COLUMN gathered timestamptz;
COMMENT ON COLUMN leases.prepared IS 'Of a gang: when it could have started; NULL: not yet.';
COMMENT ON COLUMN leases.gathered IS 'Of a gang: when all of it could, so that it may; NULL: not yet.';
