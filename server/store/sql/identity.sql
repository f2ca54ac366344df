-- The market of this database. No row: not initialised.
SELECT market_id, public_key FROM market_identity;
