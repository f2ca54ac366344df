-- What leases with a network did with it, for who must answer a complaint.

CREATE TABLE lease_flows (
    lease   bigint PRIMARY KEY,
    flows   bytea NOT NULL CHECK (octet_length(flows) <= 65536),
    told_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX lease_flows_told ON lease_flows (told_at);
COMMENT ON TABLE lease_flows IS 'Destinations, packets, bytes and connections of a lease, as its agent told them at its end. Never contents.';
COMMENT ON COLUMN lease_flows.flows IS 'As the agent sent it: JSON, the 256 largest flows and sums. The first word stays.';
COMMENT ON COLUMN lease_flows.told_at IS 'When it came; it is forgotten --keep-flows-days later.';

GRANT SELECT, INSERT, DELETE ON lease_flows TO bourse_app;
