-- No key of card_key points at merchant_key: each new card would lock the one row of its merchant. A merchant key is
-- destroyed only when no row of card_key names it.
ALTER TABLE card_key ADD CONSTRAINT card_key_card_fk FOREIGN KEY (account_id, token) REFERENCES card (account_id, token);
