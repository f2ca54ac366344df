-- Jobs that run on a node and of which the buyer wants a checkpoint now. No row: none.
-- $1 node
SELECT l.lease FROM checkpoint_wishes w JOIN leases l ON l.bid = w.job WHERE l.node = $1 AND l.state = 2;
