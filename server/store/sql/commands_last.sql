-- The number of the last command; 0: none. Always a row.
SELECT coalesce(max(seq), 0) AS seq FROM commands;
