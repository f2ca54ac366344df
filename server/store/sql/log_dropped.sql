-- Bytes of a lease's output that were not kept (see log_drop). No row: all were.
-- $1 lease
SELECT split_part(convert_from(bytes, 'UTF8'), ' ', 1)::bigint AS bytes FROM log_chunks WHERE lease = $1 AND n = -1;
