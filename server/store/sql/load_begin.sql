-- Until the end of the transaction: no limit of time, and no plan that reads whole tables when a key is given.
SELECT set_config('statement_timeout', '0', true), set_config('enable_seqscan', 'off', true);
