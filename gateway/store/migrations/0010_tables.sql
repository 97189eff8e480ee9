-- Checkout Sessions, with their line items in the document. due_at (seconds) is when to look whether an open one has
-- expired; email is the shopper's, as far as it is known.
CREATE TABLE checkout_sessions (
    account_id     bigint  NOT NULL,
    id             text    NOT NULL,
    livemode       boolean NOT NULL,
    created        bigint  NOT NULL,
    position       bigint  NOT NULL,
    status         text    NOT NULL,
    customer       text,
    email          text,
    payment_intent text,
    due_at         bigint,
    document       jsonb   NOT NULL,
    CONSTRAINT checkout_sessions_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT checkout_sessions_status CHECK (status IN ('open', 'complete', 'expired')),
    CONSTRAINT checkout_sessions_due CHECK ((due_at IS NOT NULL) = (status = 'open'))
);
CREATE INDEX checkout_sessions_newest ON checkout_sessions (account_id, livemode, position, id);
CREATE INDEX checkout_sessions_by_status ON checkout_sessions (account_id, livemode, status, position, id);
CREATE INDEX checkout_sessions_of_customer ON checkout_sessions (account_id, livemode, customer, position, id)
    WHERE customer IS NOT NULL;
CREATE INDEX checkout_sessions_of_email ON checkout_sessions (account_id, livemode, email, position, id) WHERE email IS NOT NULL;
-- A payment is of one session.
CREATE UNIQUE INDEX checkout_sessions_of_intent ON checkout_sessions (account_id, payment_intent) WHERE payment_intent IS NOT NULL;
CREATE INDEX checkout_sessions_next_due ON checkout_sessions (due_at, account_id) WHERE due_at IS NOT NULL;

ALTER TABLE checkout_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE checkout_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY checkout_sessions_of_account ON checkout_sessions
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
-- Which accounts have some that are due.
CREATE POLICY checkout_sessions_due_scan ON checkout_sessions FOR SELECT
    USING (due_at IS NOT NULL AND current_setting('app.scan', true) = 'checkout_sessions');
GRANT SELECT, INSERT ON checkout_sessions TO gateway;
GRANT UPDATE (status, customer, email, payment_intent, due_at, document) ON checkout_sessions TO gateway;
