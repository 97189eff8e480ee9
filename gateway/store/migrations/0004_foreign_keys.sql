ALTER TABLE balance_transactions ADD CONSTRAINT balance_transactions_account
    FOREIGN KEY (account_id) REFERENCES accounts (account_id);
