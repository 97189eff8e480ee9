ALTER TABLE customers ADD CONSTRAINT customers_account FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE payment_methods ADD CONSTRAINT payment_methods_of_customer
    FOREIGN KEY (account_id, customer) REFERENCES customers (account_id, id);
ALTER TABLE payment_intents ADD CONSTRAINT payment_intents_of_customer
    FOREIGN KEY (account_id, customer) REFERENCES customers (account_id, id);
