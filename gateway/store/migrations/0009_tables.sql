-- What is handed in once and named by a later request. `used` changes once, and back when the acquirer could not be asked
-- after all. The document of a card holds what the vault said of it; that of a bank account its number, which the process has
-- sealed (AES-256-GCM, bound to the bank account's id).
CREATE TABLE tokens (
    account_id bigint  NOT NULL,
    id         text    NOT NULL,
    livemode   boolean NOT NULL,
    created    bigint  NOT NULL,
    position   bigint  NOT NULL,
    type       text    NOT NULL,
    used       boolean NOT NULL,
    document   jsonb   NOT NULL,
    CONSTRAINT tokens_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT tokens_type CHECK (type IN ('card', 'bank_account', 'cvc_update'))
);

-- Used for a payment or for the setup of a method, never for both.
CREATE TABLE confirmation_tokens (
    account_id     bigint  NOT NULL,
    id             text    NOT NULL,
    livemode       boolean NOT NULL,
    created        bigint  NOT NULL,
    position       bigint  NOT NULL,
    payment_intent text,
    setup_intent   text,
    document       jsonb   NOT NULL,
    CONSTRAINT confirmation_tokens_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT confirmation_tokens_once CHECK (payment_intent IS NULL OR setup_intent IS NULL)
);

-- Keys of a shopper's device, for one customer until expires_at (seconds). The text of a key is not stored: it is derived
-- from the id. Those that are over go when the customer gets a new one.
CREATE TABLE ephemeral_keys (
    account_id bigint  NOT NULL,
    id         text    NOT NULL,
    livemode   boolean NOT NULL,
    created    bigint  NOT NULL,
    position   bigint  NOT NULL,
    customer   text    NOT NULL,
    expires_at bigint  NOT NULL,
    document   jsonb   NOT NULL,
    CONSTRAINT ephemeral_keys_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX ephemeral_keys_customer ON ephemeral_keys (account_id, livemode, customer, expires_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tokens', 'confirmation_tokens', 'ephemeral_keys']
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
GRANT SELECT, INSERT, UPDATE ON tokens, confirmation_tokens TO gateway;
GRANT SELECT, INSERT, DELETE ON ephemeral_keys TO gateway;
