ALTER TABLE card_metadata ADD CONSTRAINT card_metadata_card_fk FOREIGN KEY (account_id, token) REFERENCES card (account_id, token);
