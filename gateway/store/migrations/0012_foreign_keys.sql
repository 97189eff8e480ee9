ALTER TABLE reviews ADD CONSTRAINT reviews_account FOREIGN KEY (account_id) REFERENCES accounts (account_id);
