ALTER TABLE refunds ADD CONSTRAINT refunds_charge FOREIGN KEY (account_id, charge) REFERENCES charges (account_id, id);
