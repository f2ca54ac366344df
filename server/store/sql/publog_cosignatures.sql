-- Lines of the witnesses of a checkpoint. No row: none.
-- $1 size
SELECT witness, line FROM log_cosignatures WHERE size = $1 ORDER BY witness;
