-- Cards that are set up for later charges, and each confirmation of it. in_flight is the acquirer request on its way. The
-- statuses are the API's, of which not all occur.
CREATE TABLE setup_intents (
    account_id     bigint  NOT NULL,
    id             text    NOT NULL,
    livemode       boolean NOT NULL,
    created        bigint  NOT NULL,
    position       bigint  NOT NULL,
    status         text    NOT NULL,
    customer       text,
    payment_method text,
    in_flight      text,
    document       jsonb   NOT NULL,
    CONSTRAINT setup_intents_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT setup_intents_status CHECK (status IN ('requires_payment_method', 'requires_confirmation', 'requires_action',
                                                      'processing', 'succeeded', 'canceled')),
    CONSTRAINT setup_intents_in_flight CHECK (in_flight IS NULL OR status = 'requires_confirmation'),
    CONSTRAINT setup_intents_set_up CHECK (status <> 'succeeded' OR payment_method IS NOT NULL)
);
CREATE INDEX setup_intents_newest ON setup_intents (account_id, livemode, position, id);
CREATE INDEX setup_intents_customer ON setup_intents (account_id, livemode, customer, position, id) WHERE customer IS NOT NULL;
CREATE INDEX setup_intents_method ON setup_intents (account_id, livemode, payment_method, position, id)
    WHERE payment_method IS NOT NULL;

CREATE TABLE setup_attempts (
    account_id   bigint  NOT NULL,
    id           text    NOT NULL,
    livemode     boolean NOT NULL,
    created      bigint  NOT NULL,
    position     bigint  NOT NULL,
    setup_intent text    NOT NULL,
    status       text    NOT NULL,
    document     jsonb   NOT NULL,
    CONSTRAINT setup_attempts_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT setup_attempts_status CHECK (status IN ('requires_confirmation', 'requires_action', 'processing', 'succeeded',
                                                       'failed', 'abandoned'))
);
CREATE INDEX setup_attempts_of_intent ON setup_attempts (account_id, livemode, setup_intent, position, id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['setup_intents', 'setup_attempts']
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

-- DELETE: a confirmation that was not sent is taken back.
GRANT SELECT, INSERT, DELETE ON setup_intents, setup_attempts TO gateway;
GRANT UPDATE (status, customer, payment_method, in_flight, document) ON setup_intents TO gateway;
GRANT UPDATE (setup_intent, status, document) ON setup_attempts TO gateway;
