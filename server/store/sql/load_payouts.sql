-- Payouts that wait.
SELECT payout, account, amount, state, at FROM payouts WHERE state = 1;
