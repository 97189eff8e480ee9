ALTER TABLE bank_accounts ADD CONSTRAINT bank_accounts_account
    FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE payouts ADD CONSTRAINT payouts_destination
    FOREIGN KEY (account_id, destination) REFERENCES bank_accounts (account_id, id);
