-- Entries of a bundle, in order. No row: none.
-- $1 first index of the bundle  $2 first index after it
SELECT first, n, entries FROM log_entries WHERE first >= $1 AND first < $2 ORDER BY first;
