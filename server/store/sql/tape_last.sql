-- The number of the last trade of all pools; 0: none yet.
SELECT coalesce(max(trade), 0) AS trade FROM trades;
