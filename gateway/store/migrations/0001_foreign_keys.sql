ALTER TABLE api_keys ADD CONSTRAINT api_keys_account FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE payment_methods ADD CONSTRAINT payment_methods_account
    FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE payment_intents ADD CONSTRAINT payment_intents_account
    FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE payment_intents ADD CONSTRAINT payment_intents_method
    FOREIGN KEY (account_id, payment_method) REFERENCES payment_methods (account_id, id);
ALTER TABLE charges ADD CONSTRAINT charges_intent
    FOREIGN KEY (account_id, payment_intent) REFERENCES payment_intents (account_id, id);
ALTER TABLE acquirer_requests ADD CONSTRAINT acquirer_requests_account
    FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE events ADD CONSTRAINT events_account FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE ledger_transfers ADD CONSTRAINT ledger_transfers_debit
    FOREIGN KEY (account_id, livemode, currency, debit_account)
    REFERENCES ledger_accounts (account_id, livemode, currency, name);
ALTER TABLE ledger_transfers ADD CONSTRAINT ledger_transfers_credit
    FOREIGN KEY (account_id, livemode, currency, credit_account)
    REFERENCES ledger_accounts (account_id, livemode, currency, name);
