-- The last change of the rules (set_rules). No row: they were never changed.
SELECT payload FROM commands WHERE kind = 33 ORDER BY seq DESC LIMIT 1;
