-- Money that goes back to cards. A refund of what was authorized and never captured has no message of its own.
CREATE TABLE refunds (
    account_id     bigint  NOT NULL,
    id             text    NOT NULL,
    livemode       boolean NOT NULL,
    created        bigint  NOT NULL,
    position       bigint  NOT NULL,
    charge         text    NOT NULL,
    payment_intent text    NOT NULL,
    status         text    NOT NULL,
    amount         bigint  NOT NULL,
    document       jsonb   NOT NULL,
    CONSTRAINT refunds_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT refunds_status CHECK (status IN ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')),
    CONSTRAINT refunds_amount CHECK (amount > 0)
);
CREATE INDEX refunds_newest ON refunds (account_id, livemode, position, id);
CREATE INDEX refunds_of_charge ON refunds (account_id, livemode, charge, position, id);
CREATE INDEX refunds_of_intent ON refunds (account_id, livemode, payment_intent, position, id);

ALTER TABLE acquirer_requests DROP CONSTRAINT acquirer_requests_purpose;
ALTER TABLE acquirer_requests ADD CONSTRAINT acquirer_requests_purpose
    CHECK (purpose IN ('authorization', 'capture', 'reversal', 'refund'));
ALTER TABLE acquirer_requests DROP CONSTRAINT acquirer_requests_action;
ALTER TABLE acquirer_requests ADD CONSTRAINT acquirer_requests_action
    CHECK (action IN ('confirm', 'settle', 'capture', 'void', 'verify', 'refund', 'increase'));

ALTER TABLE refunds ENABLE ROW LEVEL SECURITY;
ALTER TABLE refunds FORCE ROW LEVEL SECURITY;
CREATE POLICY refunds_of_account ON refunds
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
GRANT SELECT, INSERT ON refunds TO gateway;
GRANT UPDATE (charge, payment_intent, status, amount, document) ON refunds TO gateway;
