-- The last entry on a settled lease. No row: it is not logged.
-- $1 lease
SELECT index, document FROM log_settlements WHERE lease = $1 ORDER BY index DESC LIMIT 1;
