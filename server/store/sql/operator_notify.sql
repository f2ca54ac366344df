-- Wake the server; a hint, it also looks by itself.
SELECT pg_notify('operator_requests', '');
