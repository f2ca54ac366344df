-- Unhealthy nodes: what runs there is not charged for that time.

ALTER TABLE nodes
    ADD COLUMN ill_since timestamptz,
    ADD COLUMN ill_us    bigint NOT NULL DEFAULT 0 CHECK (ill_us >= 0);
COMMENT ON COLUMN nodes.ill_since IS 'Unhealthy since then: it offers nothing and nothing is charged. NULL: it is well.';
COMMENT ON COLUMN nodes.ill_us IS 'How long it has been unhealthy in all, but for the present time, in microseconds.';

ALTER TABLE leases ADD COLUMN ill_us bigint NOT NULL DEFAULT 0 CHECK (ill_us >= 0);
COMMENT ON COLUMN leases.ill_us IS 'How long its node had been unhealthy in all when it was ready.';

CREATE TABLE node_gpus (
    node    bigint PRIMARY KEY,
    gpus    bytea NOT NULL,
    told_at timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE node_gpus IS 'How the cards of a node are, as its last heartbeat said, as canonical JSON. Nothing is derived from it.';

CREATE TABLE lease_use (
    lease             bigint PRIMARY KEY,
    busy_percent      bigint NOT NULL,
    memory_used_bytes bigint NOT NULL,
    told_at           timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE lease_use IS 'How much a lease uses its cards, as the last heartbeat said. Negative: the driver does not tell.';

GRANT SELECT ON node_gpus, lease_use TO bourse_app, bourse_auditor;
GRANT INSERT, UPDATE, DELETE ON node_gpus, lease_use TO bourse_app;
