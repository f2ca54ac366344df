-- Agents re-price their asks: the history of an ask's price is read from the log, the best other ask by price.

CREATE FUNCTION amended_ask(payload bytea) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (pg_catalog.convert_from(payload, 'UTF8')::pg_catalog.json ->> 'ask')::bigint
$$;
COMMENT ON FUNCTION amended_ask IS 'The ask that an amend-ask changes. Payloads are UTF-8, whatever the database''s encoding.';

CREATE INDEX commands_amend_ask ON commands (amended_ask(payload), seq) WHERE kind = 5;
CREATE INDEX asks_price ON asks (pool, price) WHERE state = 1;
