-- Indexes without the token, which is random: equal keys then share an entry and new ones come at its end, so that storing
-- a card touches few pages however many there are. What is read through them is sorted by token afterwards.
DROP INDEX card_by_last4;
CREATE INDEX card_by_last4 ON card (livemode, account_id, last4);
DROP INDEX card_by_expiry;
CREATE INDEX card_by_expiry ON card (livemode, account_id, exp_year, exp_month);
DROP INDEX card_by_fingerprint;
CREATE INDEX card_by_fingerprint ON card (livemode, account_id, fingerprint);
DROP INDEX card_key_by_merchant_key;
CREATE INDEX card_key_by_merchant_key ON card_key (livemode, account_id, merchant_key_version);
