-- The fence: division by zero, which aborts the group, when another epoch leads.
-- $1 epoch
SELECT 1 / (epoch = $1)::int FROM leader FOR SHARE;
