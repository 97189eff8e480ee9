-- Lists go by position, here as everywhere.
ALTER TABLE ledger_transfers ADD COLUMN position integer NOT NULL DEFAULT 0;
ALTER TABLE ledger_transfers ALTER COLUMN position DROP DEFAULT, ALTER COLUMN position TYPE bigint USING created * 1000;
CREATE INDEX ledger_transfers_newest ON ledger_transfers (account_id, livemode, position, id);

-- What changed a merchant's balance. Amounts never change; a row becomes available once. `available_on` is in seconds.
CREATE TABLE balance_transactions (
    account_id   bigint  NOT NULL,
    id           text    NOT NULL,
    livemode     boolean NOT NULL,
    created      bigint  NOT NULL,
    position     bigint  NOT NULL,
    type         text    NOT NULL,
    status       text    NOT NULL,
    currency     text    NOT NULL,
    amount       bigint  NOT NULL,
    fee          bigint  NOT NULL,
    net          bigint  NOT NULL,
    source       text,
    available_on bigint  NOT NULL,
    payout       text,
    document     jsonb   NOT NULL,
    CONSTRAINT balance_transactions_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT balance_transactions_status CHECK (status IN ('pending', 'available')),
    CONSTRAINT balance_transactions_net CHECK (net = amount - fee)
);
CREATE INDEX balance_transactions_newest ON balance_transactions (account_id, livemode, position, id);
CREATE INDEX balance_transactions_type ON balance_transactions (account_id, livemode, type, position, id);
CREATE INDEX balance_transactions_currency ON balance_transactions (account_id, livemode, currency, position, id);
CREATE INDEX balance_transactions_source ON balance_transactions (account_id, livemode, source, position, id);
CREATE INDEX balance_transactions_payout ON balance_transactions (account_id, livemode, payout, position, id) WHERE payout IS NOT NULL;
CREATE INDEX balance_transactions_due ON balance_transactions (available_on, account_id) WHERE status = 'pending';

ALTER TABLE balance_transactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE balance_transactions FORCE ROW LEVEL SECURITY;
CREATE POLICY balance_transactions_of_account ON balance_transactions
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
-- Which accounts have some that are due.
CREATE POLICY balance_transactions_due_scan ON balance_transactions FOR SELECT
    USING (status = 'pending' AND current_setting('app.scan', true) = 'balance_transactions');
GRANT SELECT, INSERT ON balance_transactions TO gateway;
GRANT UPDATE (status) ON balance_transactions TO gateway;
