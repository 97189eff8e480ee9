-- Every key begins with account_id, so that one server and a database sharded by account run the same SQL.
-- Times are milliseconds of the unix epoch, given by the process; `created` of API objects is in seconds.
-- The service role owns nothing, may do only what is granted below, and sees one account a transaction.

CREATE TABLE accounts (
    account_id          bigint  NOT NULL,
    created             bigint  NOT NULL,
    name                text    NOT NULL,
    authentication_mode text    NOT NULL,
    charges_enabled     boolean NOT NULL,
    document            jsonb   NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (account_id),
    CONSTRAINT accounts_id_range CHECK (account_id >= 0 AND account_id < 218340105584896),
    CONSTRAINT accounts_mode CHECK (authentication_mode IN ('always', 'risk_based', 'delegated'))
);

CREATE TABLE api_keys (
    account_id  bigint  NOT NULL,
    id          text    NOT NULL,
    livemode    boolean NOT NULL,
    kind        text    NOT NULL,
    secret_hash bytea   NOT NULL,
    permissions jsonb   NOT NULL,
    created     bigint  NOT NULL,
    expires_at  bigint,
    CONSTRAINT api_keys_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT api_keys_kind CHECK (kind IN ('secret', 'restricted', 'publishable')),
    CONSTRAINT api_keys_hash_size CHECK (octet_length(secret_hash) = 32)
);

CREATE TABLE payment_methods (
    account_id bigint  NOT NULL,
    id         text    NOT NULL,
    livemode   boolean NOT NULL,
    created    bigint  NOT NULL,
    customer   text,
    consumed   boolean NOT NULL,
    document   jsonb   NOT NULL,
    CONSTRAINT payment_methods_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX payment_methods_newest ON payment_methods (account_id, livemode, created, id);
CREATE INDEX payment_methods_customer ON payment_methods (account_id, customer, created, id) WHERE customer IS NOT NULL;

CREATE TABLE payment_intents (
    account_id        bigint  NOT NULL,
    id                text    NOT NULL,
    livemode          boolean NOT NULL,
    created           bigint  NOT NULL,
    amount            bigint  NOT NULL,
    amount_capturable bigint  NOT NULL,
    amount_received   bigint  NOT NULL,
    currency          text    NOT NULL,
    status            text    NOT NULL,
    customer          text,
    payment_method    text,
    latest_charge     text,
    in_flight         text,
    document          jsonb   NOT NULL,
    CONSTRAINT payment_intents_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT payment_intents_amounts
        CHECK (amount > 0 AND amount_capturable >= 0 AND amount_received >= 0
               AND amount_capturable + amount_received <= amount),
    CONSTRAINT payment_intents_status
        CHECK (status IN ('requires_payment_method', 'requires_confirmation', 'requires_action', 'processing',
                          'requires_capture', 'succeeded', 'canceled'))
);
CREATE INDEX payment_intents_newest ON payment_intents (account_id, livemode, created, id);
CREATE INDEX payment_intents_customer ON payment_intents (account_id, customer, created, id) WHERE customer IS NOT NULL;

-- refunded and refund_pending are our own; what the API calls amount_refunded also counts what was released.
CREATE TABLE charges (
    account_id        bigint  NOT NULL,
    id                text    NOT NULL,
    livemode          boolean NOT NULL,
    created           bigint  NOT NULL,
    payment_intent    text    NOT NULL,
    customer          text,
    amount            bigint  NOT NULL,
    amount_authorized bigint  NOT NULL,
    amount_captured   bigint  NOT NULL,
    released          bigint  NOT NULL,
    refunded          bigint  NOT NULL,
    refund_pending    bigint  NOT NULL,
    currency          text    NOT NULL,
    status            text    NOT NULL,
    document          jsonb   NOT NULL,
    CONSTRAINT charges_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT charges_status CHECK (status IN ('pending', 'succeeded', 'failed')),
    CONSTRAINT charges_amounts
        CHECK (amount > 0 AND amount_authorized >= 0 AND amount_captured >= 0 AND released >= 0 AND refunded >= 0
               AND refund_pending >= 0),
    CONSTRAINT charges_captured_within_authorized
        CHECK (amount_authorized <= amount AND amount_captured + released <= amount_authorized),
    CONSTRAINT charges_refunded_within_captured CHECK (refunded + refund_pending <= amount_captured)
);
CREATE INDEX charges_newest ON charges (account_id, livemode, created, id);
CREATE INDEX charges_of_intent ON charges (account_id, payment_intent, created, id);

-- One row for each message that the acquirer shall get; committed before the vault is asked. The id is the key under
-- which the vault sends at most once. `document` holds what is needed to answer the merchant after a crash.
CREATE TABLE acquirer_requests (
    account_id     bigint  NOT NULL,
    id             text    NOT NULL,
    livemode       boolean NOT NULL,
    purpose        text    NOT NULL,
    action         text    NOT NULL,
    payment_intent text    NOT NULL,
    charge         text    NOT NULL,
    authorization_id text  NOT NULL,
    amount         bigint  NOT NULL,
    currency       text    NOT NULL,
    state          text    NOT NULL,
    responded      boolean NOT NULL,
    outcome        text,
    created        bigint  NOT NULL,
    due_at         bigint  NOT NULL,
    attempts       integer NOT NULL,
    document       jsonb   NOT NULL,
    CONSTRAINT acquirer_requests_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT acquirer_requests_purpose CHECK (purpose IN ('authorization', 'capture', 'reversal')),
    CONSTRAINT acquirer_requests_action CHECK (action IN ('confirm', 'settle', 'capture', 'void')),
    CONSTRAINT acquirer_requests_state CHECK (state IN ('open', 'abandoned', 'done')),
    CONSTRAINT acquirer_requests_amount CHECK (amount >= 0)
);
CREATE INDEX acquirer_requests_due ON acquirer_requests (due_at, account_id) WHERE state <> 'done';
CREATE INDEX acquirer_requests_of_intent ON acquirer_requests (account_id, payment_intent);

CREATE TABLE idempotency_keys (
    account_id   bigint  NOT NULL,
    livemode     boolean NOT NULL,
    key          text    NOT NULL,
    method       text    NOT NULL,
    path         text    NOT NULL,
    parameters   text    NOT NULL,
    request_id   text    NOT NULL,
    created      bigint  NOT NULL,
    finished     boolean NOT NULL,
    replayed_at  bigint,
    status       integer,
    body         text,
    should_retry boolean,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (account_id, livemode, key),
    CONSTRAINT idempotency_keys_finished CHECK (finished = (status IS NOT NULL AND body IS NOT NULL))
);
CREATE INDEX idempotency_keys_oldest ON idempotency_keys (created) WHERE finished;

CREATE TABLE event_counters (
    account_id bigint NOT NULL,
    last       bigint NOT NULL,
    CONSTRAINT event_counters_pkey PRIMARY KEY (account_id)
);

-- Append-only. `object` is the snapshot as it was rendered and is kept as text, so that it never changes.
CREATE TABLE events (
    account_id      bigint  NOT NULL,
    sequence        bigint  NOT NULL,
    id              text    NOT NULL,
    livemode        boolean NOT NULL,
    created         bigint  NOT NULL,
    type            text    NOT NULL,
    api_version     text    NOT NULL,
    object_id       text    NOT NULL,
    object          json    NOT NULL,
    previous        json,
    request_id      text,
    idempotency_key text,
    CONSTRAINT events_pkey PRIMARY KEY (account_id, sequence),
    CONSTRAINT events_id UNIQUE (account_id, id)
);
CREATE INDEX events_of_object ON events (account_id, object_id, sequence);

CREATE TABLE ledger_accounts (
    account_id bigint  NOT NULL,
    livemode   boolean NOT NULL,
    currency   text    NOT NULL,
    name       text    NOT NULL,
    CONSTRAINT ledger_accounts_pkey PRIMARY KEY (account_id, livemode, currency, name),
    CONSTRAINT ledger_accounts_name
        CHECK (name IN ('acq_recv', 'm_pend', 'm_avail', 'm_hold', 'm_prov', 'fee_inc', 'net_cost', 'disp_loss'))
);

-- A transfer moves `posted` from the credit of one account to the debit of another, so it balances by construction.
-- A hold is pending and counts for nothing until it is posted (in full or in part) or voided.
CREATE TABLE ledger_transfers (
    account_id     bigint  NOT NULL,
    id             text    NOT NULL,
    livemode       boolean NOT NULL,
    currency       text    NOT NULL,
    debit_account  text    NOT NULL,
    credit_account text    NOT NULL,
    amount         bigint  NOT NULL,
    state          text    NOT NULL,
    posted         bigint  NOT NULL,
    source         text    NOT NULL,
    step           text    NOT NULL,
    created        bigint  NOT NULL,
    settled_at     bigint,
    CONSTRAINT ledger_transfers_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT ledger_transfers_once UNIQUE (account_id, source, step),
    CONSTRAINT ledger_transfers_amount CHECK (amount > 0),
    CONSTRAINT ledger_transfers_two_accounts CHECK (debit_account <> credit_account),
    CONSTRAINT ledger_transfers_state
        CHECK ((state = 'pending' AND posted = 0) OR (state = 'voided' AND posted = 0)
               OR (state = 'posted' AND posted > 0 AND posted <= amount))
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['accounts', 'api_keys', 'payment_methods', 'payment_intents', 'charges',
                                'acquirer_requests', 'idempotency_keys', 'event_counters', 'events',
                                'ledger_accounts', 'ledger_transfers']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        -- A setting that was LOCAL to an earlier transaction comes back as an empty string.
        EXECUTE format('CREATE POLICY %I ON %I'
                       ' USING (account_id = NULLIF(current_setting(''app.account_id'', true), '''')::bigint)'
                       ' WITH CHECK (account_id = NULLIF(current_setting(''app.account_id'', true), '''')::bigint)',
                       name || '_of_account', name);
    END LOOP;
END
$$;

-- The two scans over all accounts: which account has a request that is due, and the removal of old keys.
CREATE POLICY acquirer_requests_due_scan ON acquirer_requests FOR SELECT
    USING (state <> 'done' AND current_setting('app.scan', true) = 'acquirer_requests');
CREATE POLICY idempotency_keys_seen_by_purge ON idempotency_keys FOR SELECT
    USING (finished AND current_setting('app.scan', true) = 'idempotency_keys');
CREATE POLICY idempotency_keys_purge ON idempotency_keys FOR DELETE
    USING (finished AND current_setting('app.scan', true) = 'idempotency_keys');

-- `gateway` is the role of the service. What it cannot do here, it cannot do at all: events and transfers are
-- append-only, and an account_id never changes.
GRANT SELECT, INSERT ON accounts, api_keys, events, ledger_accounts, ledger_transfers TO gateway;
GRANT UPDATE (name, authentication_mode, charges_enabled, document) ON accounts TO gateway;
GRANT UPDATE (expires_at) ON api_keys TO gateway;
GRANT UPDATE (state, posted, settled_at) ON ledger_transfers TO gateway;
GRANT SELECT, INSERT, UPDATE ON payment_methods, acquirer_requests, event_counters TO gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON payment_intents, charges, idempotency_keys TO gateway;
