-- A job has the checkpoint that was wanted. No row touched: none was.
-- $1 job
DELETE FROM checkpoint_wishes WHERE job = $1;
