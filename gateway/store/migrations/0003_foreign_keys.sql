ALTER TABLE webhook_endpoints ADD CONSTRAINT webhook_endpoints_account
    FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE webhook_deliveries ADD CONSTRAINT webhook_deliveries_event
    FOREIGN KEY (account_id, sequence) REFERENCES events (account_id, sequence);
ALTER TABLE webhook_deliveries ADD CONSTRAINT webhook_deliveries_endpoint
    FOREIGN KEY (account_id, endpoint) REFERENCES webhook_endpoints (account_id, id);
