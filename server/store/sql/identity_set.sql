-- Say which market this is. No row: it was said before.
-- $1 market_id  $2 public_key
INSERT INTO market_identity (market_id, public_key) VALUES ($1, $2) ON CONFLICT DO NOTHING;
