-- What was signed last. No row: nothing was.
SELECT size, seq, root, note FROM log_checkpoints ORDER BY size DESC LIMIT 1;
