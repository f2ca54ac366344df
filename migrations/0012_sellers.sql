-- The reference of the collar counts each seller once, so the last prices of a pool say whose they are. Prices that
-- stand there without a seller are forgotten: a reference is known again after a few trades.
UPDATE pool_states SET recent = '{}';
ALTER TABLE pool_states ADD CONSTRAINT pool_states_recent_in_pairs CHECK (cardinality(recent) % 2 = 0);
COMMENT ON COLUMN pool_states.recent IS
    'The last trade of each of the last sellers'' owners, oldest first, two numbers each: price, owner. The median price is the reference of the collar.';
