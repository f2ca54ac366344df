-- Nothing, but committed: with synchronous commit all that was committed before is then on disk too.
SELECT pg_logical_emit_message(true, '', '');
