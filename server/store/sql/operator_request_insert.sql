-- Leave a request for the running server.
-- $1 request  $2 kind  $3 account  $4 number  $5 amount  $6 tier  $7 verified
INSERT INTO operator_requests (request, kind, account, number, amount, tier, verified) VALUES ($1, $2, $3, $4, $5, $6, $7);
