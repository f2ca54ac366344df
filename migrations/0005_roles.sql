-- Three roles: the owner changes the schema, the app runs the market, the auditor reads.
-- Roles belong to the whole cluster, so another database may have made them already.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bourse_owner') THEN
        CREATE ROLE bourse_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bourse_app') THEN
        CREATE ROLE bourse_app NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bourse_auditor') THEN
        CREATE ROLE bourse_auditor NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of the cluster made them at the same moment
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO bourse_app, bourse_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO bourse_app, bourse_auditor;

-- Ledger, log and tape: rows are added, never changed.
GRANT INSERT ON commands, foreign_entries, outbox, trades, lease_commands TO bourse_app;
GRANT INSERT, UPDATE ON leader, balances, nodes, asks, bids, leases, payouts TO bourse_app;
GRANT INSERT, UPDATE, DELETE ON accounts, account_keys, recovery_codes, api_keys, join_tokens,
    node_agents, blobs, log_chunks, ticks, operator_requests TO bourse_app;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON commands FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON foreign_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trades FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The auditor needs no secrets, not even hashed ones.
REVOKE SELECT ON account_keys, recovery_codes, api_keys, join_tokens FROM bourse_auditor;
