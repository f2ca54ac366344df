-- What a group of orders costs, again. Nearly all entries have two lines, a hold, so these are checked first and
-- cheaply: the expression for up to eight took a tenth of the time of a group. What is refused is the same.

ALTER TABLE commands
    DROP CONSTRAINT commands_check,
    DROP CONSTRAINT commands_check1,
    ADD CONSTRAINT commands_entry CHECK (CASE
        WHEN amounts IS NULL THEN accounts IS NULL
        WHEN cardinality(amounts) = 2
            THEN (amounts[1] + amounts[2] = 0 AND cardinality(accounts) = 2 AND accounts[1] + accounts[2] > 0) IS TRUE
        ELSE (cardinality(amounts) BETWEEN 3 AND 8 AND cardinality(accounts) = cardinality(amounts)
            AND array_position(amounts, NULL) IS NULL AND array_position(accounts, NULL) IS NULL
            AND amounts[1] + amounts[2] + amounts[3] + coalesce(amounts[4], 0) + coalesce(amounts[5], 0)
              + coalesce(amounts[6], 0) + coalesce(amounts[7], 0) + coalesce(amounts[8], 0) = 0) IS TRUE
        END);

-- What a start reads must not grow with what is over. Leases, asks and payouts that are open have an index: few
-- commands touch them. An index of open bids would cost each job a twentieth of its write, so these are noted from
-- time to time instead (store/sql/open_note.sql), and a start looks at the noted ones and the newer ones.
DROP INDEX leases_live;
CREATE INDEX leases_live ON leases (node, lease) WHERE state < 8;
CREATE INDEX payouts_open ON payouts (payout) WHERE state = 1;

CREATE TABLE open_note (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    floor bigint NOT NULL,
    bids  bigint[] NOT NULL
);
INSERT INTO open_note (floor, bids) VALUES (0, '{}');
COMMENT ON TABLE open_note IS 'Bids that were open when it was written, and the number from which on it knows nothing.';
GRANT SELECT ON open_note TO bourse_app, bourse_auditor;
GRANT UPDATE ON open_note TO bourse_app;
