-- All balances.
SELECT account, available, held FROM balances;
