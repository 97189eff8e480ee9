ALTER TABLE checkout_sessions ADD CONSTRAINT checkout_sessions_account FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE checkout_sessions ADD CONSTRAINT checkout_sessions_customer
    FOREIGN KEY (account_id, customer) REFERENCES customers (account_id, id);
ALTER TABLE checkout_sessions ADD CONSTRAINT checkout_sessions_intent
    FOREIGN KEY (account_id, payment_intent) REFERENCES payment_intents (account_id, id);
