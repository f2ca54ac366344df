-- What a replay rests on: the rules in force are found at once, and a pool stays what it was.

CREATE INDEX commands_rules ON commands (seq) WHERE kind = 33;
COMMENT ON INDEX commands_rules IS 'Changes of the rules (set_rules), of which the last is in force.';

-- A pool's definition decides trades, so it may not change under a market that runs: what was traded
-- could not be replayed, and nodes might no longer carry what they sold. A new pool can be added at any
-- time; a new version of one may differ in its name alone.
CREATE FUNCTION refuse_other_pool() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pools p WHERE p.number = NEW.number
               AND (p.gpu_model, p.gpu_memory_bytes, p.unit_gpus, p.unit_cpu_millis, p.unit_memory_bytes,
                    p.unit_scratch_bytes, p.tick, p.throughput)
                   IS DISTINCT FROM
                   (NEW.gpu_model, NEW.gpu_memory_bytes, NEW.unit_gpus, NEW.unit_cpu_millis,
                    NEW.unit_memory_bytes, NEW.unit_scratch_bytes, NEW.tick, NEW.throughput)) THEN
        RAISE EXCEPTION 'pool % is in use with another definition: add a pool of a new number', NEW.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER same_pool BEFORE INSERT ON pools FOR EACH ROW EXECUTE FUNCTION refuse_other_pool();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pools FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
