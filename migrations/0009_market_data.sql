-- What the market publishes about itself: hours of the tape that are over, and the delivered-hours index.
-- Everything here follows from trades and leases; the indexes serve to find them by time.

CREATE INDEX trades_pool_at ON trades (pool, at);
CREATE INDEX leases_pool_ended ON leases (pool, ended) WHERE state = 8;

CREATE TABLE candle_hours (
    pool         int NOT NULL,
    start        timestamptz NOT NULL,
    open         bigint NOT NULL CHECK (open BETWEEN low AND high),
    high         bigint NOT NULL,
    low          bigint NOT NULL CHECK (low > 0),
    close        bigint NOT NULL CHECK (close BETWEEN low AND high),
    units        bigint NOT NULL CHECK (units > 0),
    unit_seconds bigint NOT NULL CHECK (unit_seconds >= 0),
    trades       bigint NOT NULL CHECK (trades > 0),
    PRIMARY KEY (pool, start)
);
COMMENT ON TABLE candle_hours IS 'Hours of a pool that are over and in which something was traded; long ranges are read from here.';
COMMENT ON COLUMN candle_hours.unit_seconds IS 'Units times the longest time that each lease may run.';

CREATE TABLE index_points (
    pool         int NOT NULL,
    at           timestamptz NOT NULL,
    value        bigint CHECK (value > 0),
    low          bigint CHECK (low <= value),
    high         bigint CHECK (high >= value),
    leases       bigint NOT NULL CHECK (leases >= 0),
    buyers       bigint NOT NULL CHECK (buyers >= 0),
    providers    bigint NOT NULL CHECK (providers >= 0),
    unit_seconds bigint NOT NULL CHECK (unit_seconds >= 0),
    stale        boolean NOT NULL,
    PRIMARY KEY (pool, at),
    CHECK (stale OR (value IS NOT NULL AND low IS NOT NULL AND high IS NOT NULL))
);
COMMENT ON TABLE index_points IS 'The delivered-hours index as it was published, every five minutes while the market was up.';
COMMENT ON COLUMN index_points.value IS 'micro-USD a unit and hour; where stale, between best bid and ask, or NULL when a side was empty.';

GRANT SELECT ON candle_hours, index_points TO bourse_app, bourse_auditor;
GRANT INSERT ON candle_hours, index_points TO bourse_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON index_points FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
