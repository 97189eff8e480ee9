-- Payouts to merchants. Times are seconds, but for due_at: when the clock is to look at the payout next, in milliseconds.

-- Where the money goes. The document holds the number, which the process has sealed (AES-256-GCM, bound to the row's id).
CREATE TABLE bank_accounts (
    account_id bigint  NOT NULL,
    id         text    NOT NULL,
    livemode   boolean NOT NULL,
    created    bigint  NOT NULL,
    position   bigint  NOT NULL,
    currency   text    NOT NULL,
    active     boolean NOT NULL,
    document   jsonb   NOT NULL,
    CONSTRAINT bank_accounts_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX bank_accounts_newest ON bank_accounts (account_id, livemode, position, id);
CREATE UNIQUE INDEX bank_accounts_active ON bank_accounts (account_id, livemode, currency) WHERE active;

CREATE TABLE payouts (
    account_id   bigint  NOT NULL,
    id           text    NOT NULL,
    livemode     boolean NOT NULL,
    created      bigint  NOT NULL,
    position     bigint  NOT NULL,
    status       text    NOT NULL,
    amount       bigint  NOT NULL,
    currency     text    NOT NULL,
    destination  text    NOT NULL,
    arrival_date bigint  NOT NULL,
    due_at       bigint,
    document     jsonb   NOT NULL,
    CONSTRAINT payouts_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT payouts_status CHECK (status IN ('pending', 'in_transit', 'paid', 'canceled', 'failed')),
    CONSTRAINT payouts_amount CHECK (amount > 0),
    CONSTRAINT payouts_open CHECK (due_at IS NOT NULL OR status IN ('paid', 'canceled', 'failed'))
);
CREATE INDEX payouts_newest ON payouts (account_id, livemode, position, id);
CREATE INDEX payouts_of_status ON payouts (account_id, livemode, status, position, id);
CREATE INDEX payouts_of_destination ON payouts (account_id, livemode, destination, position, id);
CREATE INDEX payouts_due ON payouts (due_at, account_id) WHERE due_at IS NOT NULL;

-- The sandbox bank's own book. It is another house's: nothing of ours refers to it, and it refers to nothing of ours.
CREATE TABLE sandbox_bank_orders (
    account_id   bigint  NOT NULL,
    payout       text    NOT NULL,
    livemode     boolean NOT NULL,
    amount       bigint  NOT NULL,
    currency     text    NOT NULL,
    reference    text    NOT NULL,
    settles_at   bigint  NOT NULL,
    failure_code text    NOT NULL,
    CONSTRAINT sandbox_bank_orders_pkey PRIMARY KEY (account_id, payout),
    CONSTRAINT sandbox_bank_orders_test CHECK (NOT livemode)
);

ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_name;
ALTER TABLE ledger_accounts ADD CONSTRAINT ledger_accounts_name
    CHECK (name IN ('acq_recv', 'm_pend', 'm_avail', 'm_hold', 'm_prov', 'bank', 'fee_inc', 'net_cost', 'disp_loss'));

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['bank_accounts', 'payouts', 'sandbox_bank_orders']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I'
                       ' USING (account_id = NULLIF(current_setting(''app.account_id'', true), '''')::bigint)'
                       ' WITH CHECK (account_id = NULLIF(current_setting(''app.account_id'', true), '''')::bigint)',
                       name || '_of_account', name);
    END LOOP;
END
$$;
-- Which accounts have some that are due.
CREATE POLICY payouts_due_scan ON payouts FOR SELECT
    USING (due_at IS NOT NULL AND current_setting('app.scan', true) = 'payouts');

GRANT SELECT, INSERT ON bank_accounts, payouts, sandbox_bank_orders TO gateway;
GRANT UPDATE (active) ON bank_accounts TO gateway;
GRANT UPDATE (status, amount, currency, destination, arrival_date, due_at, document) ON payouts TO gateway;
-- Who locks a row must be allowed to update it; the names that transfers refer to cannot change for all that.
GRANT UPDATE (name) ON ledger_accounts TO gateway;
