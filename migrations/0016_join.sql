-- Joining, keeping and leaving: a node can be drained, and its agent's self-test is kept.

ALTER TABLE nodes
    ADD COLUMN drain       timestamptz,
    ADD COLUMN drain_stops smallint NOT NULL DEFAULT 0 CHECK (drain_stops IN (0, 1));
COMMENT ON COLUMN nodes.drain IS 'Its asks end then at the latest, and new ones may not end later. NULL: it is not drained.';
COMMENT ON COLUMN nodes.drain_stops IS '1: leases that run then have to leave. 0: they run to their end.';

ALTER TABLE node_agents
    ADD COLUMN doctor    bytea,
    ADD COLUMN doctor_at timestamptz;
COMMENT ON COLUMN node_agents.doctor IS 'What the last self-test of the agent found, as canonical JSON. NULL: it has not told yet.';
COMMENT ON COLUMN node_agents.doctor_at IS 'When that came.';
