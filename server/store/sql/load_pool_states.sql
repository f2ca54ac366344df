-- What pools keep beside their orders.
SELECT pool, call, called_seq, cursor_limit, cursor_priority, recent FROM pool_states;
