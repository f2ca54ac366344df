-- What set the price of an ask, newest first: its changes, and last its placing. No row: there are no more.
-- $1 ask  $2 account  $3 only commands below this number  $4 how many
SELECT seq, at, payload
FROM ((SELECT seq, at, payload FROM commands
       WHERE kind = 5 AND amended_ask(payload) = $1 AND account = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4)
      UNION ALL
      (SELECT seq, at, payload FROM commands WHERE seq = $1 AND account = $2 AND seq < $3)) c
ORDER BY seq DESC LIMIT $4;
