-- Webhooks. The document holds URL, names of events and the signing secrets, which the process has sealed (AES-256-GCM, bound
-- to the endpoint's id). A deleted endpoint stays as a name that lists can go on behind. failing_since is in milliseconds.
CREATE TABLE webhook_endpoints (
    account_id    bigint  NOT NULL,
    id            text    NOT NULL,
    livemode      boolean NOT NULL,
    created       bigint  NOT NULL,
    position      bigint  NOT NULL,
    enabled       boolean NOT NULL,
    deleted       boolean NOT NULL,
    failing_since bigint,
    document      jsonb   NOT NULL,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT webhook_endpoints_deleted CHECK (NOT (deleted AND enabled))
);
CREATE INDEX webhook_endpoints_newest ON webhook_endpoints (account_id, livemode, position, id) WHERE NOT deleted;

-- One row for each event and endpoint that wants it, written with the event. due_at is when it is to be sent, and while
-- a process is at it, when another one may take it over; `lease` tells the two apart. `object` is the event's object
-- where the endpoint's version renders it otherwise; `endpoints` is how many were to get the event.
CREATE TABLE webhook_deliveries (
    account_id  bigint  NOT NULL,
    sequence    bigint  NOT NULL,
    endpoint    text    NOT NULL,
    livemode    boolean NOT NULL,
    state       text    NOT NULL,
    attempts    integer NOT NULL,
    lease       integer NOT NULL,
    began       bigint  NOT NULL,
    due_at      bigint  NOT NULL,
    ended       bigint,
    last_status integer,
    last_fault  text,
    endpoints   integer NOT NULL,
    api_version text    NOT NULL,
    object      json,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (account_id, sequence, endpoint),
    CONSTRAINT webhook_deliveries_state CHECK (state IN ('pending', 'delivered', 'failed', 'canceled')),
    CONSTRAINT webhook_deliveries_ended CHECK ((ended IS NULL) = (state = 'pending')),
    CONSTRAINT webhook_deliveries_attempts CHECK (attempts >= 0)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at, account_id, endpoint) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (account_id, endpoint, due_at, sequence)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_oldest ON webhook_deliveries (ended) WHERE state <> 'pending';

-- GET /v1/events?type=…
CREATE INDEX events_of_type ON events (account_id, livemode, type, sequence);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['webhook_endpoints', 'webhook_deliveries']
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

-- The scans over all accounts: which endpoints have a delivery that is due, and the removal of old ones.
CREATE POLICY webhook_deliveries_due_scan ON webhook_deliveries FOR SELECT
    USING (state = 'pending' AND current_setting('app.scan', true) = 'webhook_deliveries');
CREATE POLICY webhook_deliveries_seen_by_purge ON webhook_deliveries FOR SELECT
    USING (state <> 'pending' AND current_setting('app.scan', true) = 'webhook_purge');
CREATE POLICY webhook_deliveries_purge ON webhook_deliveries FOR DELETE
    USING (state <> 'pending' AND current_setting('app.scan', true) = 'webhook_purge');

GRANT SELECT, INSERT ON webhook_endpoints, webhook_deliveries TO gateway;
GRANT UPDATE (enabled, deleted, failing_since, document) ON webhook_endpoints TO gateway;
GRANT UPDATE (state, attempts, lease, began, due_at, ended, last_status, last_fault) ON webhook_deliveries TO gateway;
GRANT DELETE ON webhook_deliveries TO gateway;
