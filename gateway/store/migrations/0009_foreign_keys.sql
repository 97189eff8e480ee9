ALTER TABLE tokens ADD CONSTRAINT tokens_account FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE confirmation_tokens ADD CONSTRAINT confirmation_tokens_account
    FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE ephemeral_keys ADD CONSTRAINT ephemeral_keys_of_customer
    FOREIGN KEY (account_id, customer) REFERENCES customers (account_id, id);
