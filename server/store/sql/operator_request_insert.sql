-- Leave a request for the running server.
-- $1 request  $2 kind  $3 account  $4 number  $5 amount
INSERT INTO operator_requests (request, kind, account, number, amount) VALUES ($1, $2, $3, $4, $5);
