-- Begin a new epoch. Always one row.
-- $1 name of the server
UPDATE leader SET epoch = epoch + 1, name = $1 RETURNING epoch;
