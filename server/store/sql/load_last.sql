-- The last command. No row: none yet.
SELECT seq, at FROM commands ORDER BY seq DESC LIMIT 1;
