ALTER TABLE setup_intents ADD CONSTRAINT setup_intents_account
    FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE setup_intents ADD CONSTRAINT setup_intents_of_customer
    FOREIGN KEY (account_id, customer) REFERENCES customers (account_id, id);
ALTER TABLE setup_intents ADD CONSTRAINT setup_intents_method
    FOREIGN KEY (account_id, payment_method) REFERENCES payment_methods (account_id, id);
ALTER TABLE setup_attempts ADD CONSTRAINT setup_attempts_intent
    FOREIGN KEY (account_id, setup_intent) REFERENCES setup_intents (account_id, id);
