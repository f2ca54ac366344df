-- SPDX-License-Identifier: Apache-2.0
-- A market as it is after :over jobs that are over and :orders that rest, in 1,024 accounts, with the commands and
-- keys of the latter. What is over has been noted as such, as the server does each minute.

CREATE TEMP TABLE made AS SELECT 16 + n AS account FROM generate_series(0, 1023) n;
INSERT INTO accounts (account, at) SELECT account, now() - interval '100 days' FROM made;

INSERT INTO bids (bid, account, at, priority, pool, price, budget, units, seconds, expires, attempts_max, state, job,
                  spent, hold, lease, attempts, exit_code, reason, version)
SELECT 2000 + n, 16 + n % 1024, now() - interval '20 days', 2000 + n, 1, 1000, 10000, 1, 600,
       now() - interval '13 days', 3, 4, 8, 0, 0, 0, 0, 0, 0, 2000 + n
FROM generate_series(1, :over) n;

INSERT INTO bids (bid, account, at, priority, pool, price, budget, units, seconds, expires, attempts_max, state, job,
                  spent, hold, lease, attempts, exit_code, reason, version)
SELECT 2000 + :over + n, 16 + n % 1024, now(), 2000 + :over + n, 1, 1000 + n % 500 * 1000, 1000000, 1, 600,
       now() + interval '7 days', 3, 1, 1, 0, ((1000 + n % 500 * 1000) * 600 + 3599) / 3600, 0, 0, 0, 0,
       2000 + :over + n
FROM generate_series(1, :orders) n;

INSERT INTO commands (seq, at, account, kind, key, body, status, leaf, payload, accounts, amounts)
SELECT bid, at, account, 7, gen_random_uuid(), sha256(bid::text::bytea), 201, sha256(bid::text::bytea),
       convert_to(repeat('x', 230), 'UTF8'), ARRAY[account * 4, account * 4 + 1], ARRAY[-hold, hold]
FROM bids WHERE state = 1;

INSERT INTO balances (account, available, held)
SELECT m.account, 1000000000000, coalesce(h.held, 0)
FROM made m LEFT JOIN (SELECT account, sum(hold) AS held FROM bids WHERE state = 1 GROUP BY account) h USING (account);
UPDATE balances SET available = -(SELECT sum(available + held) FROM balances WHERE account >= 16) WHERE account = 1;
UPDATE open_note SET floor = 2000 + :over, bids = '{}';
