-- Lists go by position: microseconds since 1970 from when the object was made, so that of two made within one second the
-- later one comes first too.
ALTER TABLE payment_methods ADD COLUMN position integer NOT NULL DEFAULT 0;
ALTER TABLE payment_methods ALTER COLUMN position DROP DEFAULT, ALTER COLUMN position TYPE bigint USING created * 1000000;
ALTER TABLE payment_intents ADD COLUMN position integer NOT NULL DEFAULT 0;
ALTER TABLE payment_intents ALTER COLUMN position DROP DEFAULT, ALTER COLUMN position TYPE bigint USING created * 1000000;
ALTER TABLE charges ADD COLUMN position integer NOT NULL DEFAULT 0;
ALTER TABLE charges ALTER COLUMN position DROP DEFAULT, ALTER COLUMN position TYPE bigint USING created * 1000000;
DROP INDEX payment_methods_newest, payment_methods_customer, payment_intents_newest, payment_intents_customer, charges_newest,
    charges_of_intent;
CREATE INDEX payment_methods_newest ON payment_methods (account_id, livemode, position, id);
CREATE INDEX payment_methods_customer ON payment_methods (account_id, livemode, customer, position, id) WHERE customer IS NOT NULL;
CREATE INDEX payment_intents_newest ON payment_intents (account_id, livemode, position, id);
CREATE INDEX payment_intents_customer ON payment_intents (account_id, livemode, customer, position, id) WHERE customer IS NOT NULL;
CREATE INDEX charges_newest ON charges (account_id, livemode, position, id);
CREATE INDEX charges_customer ON charges (account_id, livemode, customer, position, id) WHERE customer IS NOT NULL;
CREATE INDEX charges_of_intent ON charges (account_id, livemode, payment_intent, position, id);
-- Asking whether a card is good, for no amount, before a customer keeps it.
ALTER TABLE acquirer_requests DROP CONSTRAINT acquirer_requests_action;
ALTER TABLE acquirer_requests ADD CONSTRAINT acquirer_requests_action
    CHECK (action IN ('confirm', 'settle', 'capture', 'void', 'verify'));
-- The sum of the refunds, as against `refunded`, which says that nothing is left.
ALTER TABLE charges RENAME COLUMN refunded TO refunds;

CREATE TABLE customers (
    account_id bigint  NOT NULL,
    id         text    NOT NULL,
    livemode   boolean NOT NULL,
    created    bigint  NOT NULL,
    position   bigint  NOT NULL,
    email      text,
    deleted    boolean NOT NULL,
    document   jsonb   NOT NULL,
    CONSTRAINT customers_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX customers_newest ON customers (account_id, livemode, position, id) WHERE NOT deleted;
CREATE INDEX customers_email ON customers (account_id, livemode, email, position, id) WHERE NOT deleted AND email IS NOT NULL;

ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE customers FORCE ROW LEVEL SECURITY;
CREATE POLICY customers_of_account ON customers
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE ON customers TO gateway;
