-- Refunds. A message says what it is and what it is about: until now all were purchases, and all advices about their
-- authorization. A refund is sent once as an authorization is, and names its payment's reference in a field of its own.
ALTER TABLE exchange ADD COLUMN processing_code text NOT NULL DEFAULT '000000';
ALTER TABLE exchange ADD COLUMN original_mti text NOT NULL DEFAULT '0100';
ALTER TABLE exchange ADD COLUMN payment_rrn text NOT NULL DEFAULT '';

ALTER TABLE exchange DROP CONSTRAINT exchange_kind_known;
ALTER TABLE exchange ADD CONSTRAINT exchange_kind_known
    CHECK (kind IN ('authorization', 'capture', 'reversal', 'refund', 'refused'));
ALTER TABLE exchange DROP CONSTRAINT exchange_state_of_kind;
ALTER TABLE exchange ADD CONSTRAINT exchange_state_of_kind CHECK (
    (kind IN ('authorization', 'refund') AND state IN ('intent', 'answered', 'reversed', 'not_sent')) OR
    (kind IN ('capture', 'reversal') AND state IN ('queued', 'answered', 'parked')) OR
    (kind = 'refused' AND state = 'not_sent'));
ALTER TABLE exchange ADD CONSTRAINT exchange_processing_code CHECK (processing_code IN ('000000', '200000'));
ALTER TABLE exchange ADD CONSTRAINT exchange_refund
    CHECK (kind <> 'refund' OR (processing_code = '200000' AND length(payment_rrn) = 12));
-- Refunds of a payment and their reversals.
CREATE INDEX exchange_refunds ON exchange (account_id, authorization_id) WHERE processing_code = '200000';
