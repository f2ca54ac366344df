-- The buyer wants a checkpoint of a job now. No row touched: he does already.
-- $1 job
INSERT INTO checkpoint_wishes (job) VALUES ($1) ON CONFLICT (job) DO NOTHING;
