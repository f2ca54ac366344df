-- SPDX-License-Identifier: Apache-2.0
-- What orders are compared with: the strict transaction that a program would run for each order by itself.
-- It checks the epoch, looks the idempotency key up, takes the money only when it is there, and writes the
-- key, the order, the hold and both lines of the entry. It writes no command row and no leaf of a log, which
-- the market does, so the comparison is in its favour.

CREATE TABLE leader (one boolean PRIMARY KEY DEFAULT true CHECK (one), epoch bigint NOT NULL);
INSERT INTO leader (epoch) VALUES (1);
CREATE TABLE balances (
    account   bigint PRIMARY KEY,
    available bigint NOT NULL CHECK (available >= 0),
    held      bigint NOT NULL CHECK (held >= 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
INSERT INTO balances SELECT n, 1000000000000, 0 FROM generate_series(1, 10000) n;
CREATE TABLE idempotency (
    account  bigint,
    key      text,
    body     bytea NOT NULL,
    order_id bigint NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, key)
);
CREATE TABLE orders (
    id      bigserial PRIMARY KEY,
    account bigint NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    price   bigint NOT NULL CHECK (price > 0),
    units   int NOT NULL,
    state   smallint NOT NULL,
    payload jsonb NOT NULL
);
CREATE INDEX orders_account ON orders (account, id);
CREATE TABLE holds (
    order_id bigint PRIMARY KEY,
    account  bigint NOT NULL,
    amount   bigint NOT NULL CHECK (amount > 0)
);
CREATE TABLE postings (
    id       bigserial PRIMARY KEY,
    order_id bigint NOT NULL,
    account  bigint NOT NULL,
    bucket   smallint NOT NULL,
    amount   bigint NOT NULL
);
CREATE INDEX postings_account ON postings (account, id);

CREATE FUNCTION place_one(e bigint, a bigint, k text, b bytea, m bigint, p bigint, spec jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    old bytea;
    o   bigint;
BEGIN
    PERFORM 1 FROM leader WHERE epoch = e FOR SHARE;
    IF NOT FOUND THEN RETURN 'not-leader'; END IF;
    SELECT i.body INTO old FROM idempotency i WHERE i.account = a AND i.key = k;
    IF FOUND THEN RETURN CASE WHEN old = b THEN 'replayed' ELSE 'key-reused' END; END IF;
    UPDATE balances SET available = available - m, held = held + m WHERE account = a AND available >= m;
    IF NOT FOUND THEN RETURN 'insufficient-funds'; END IF;
    INSERT INTO orders (account, price, units, state, payload) VALUES (a, p, 1, 1, spec) RETURNING id INTO o;
    INSERT INTO idempotency (account, key, body, order_id) VALUES (a, k, b, o);
    INSERT INTO holds (order_id, account, amount) VALUES (o, a, m);
    INSERT INTO postings (order_id, account, bucket, amount) VALUES (o, a, 0, -m), (o, a, 1, m);
    RETURN 'done';
END
$$;
