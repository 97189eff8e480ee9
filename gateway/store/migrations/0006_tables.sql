-- Searches. Row-level security lets a condition reach an index only by LEAKPROOF functions (docs/database.md), which
-- lower() and those of jsonb are not. So what is searched for by equality stands as plain text: single values in generated
-- columns, which also fill themselves for the rows that are there, metadata in a table of its own.
ALTER TABLE customers
    ADD COLUMN email_folded text GENERATED ALWAYS AS (lower(email)) STORED,
    ADD COLUMN name_folded  text GENERATED ALWAYS AS (lower(document ->> 'name')) STORED,
    ADD COLUMN phone_folded text GENERATED ALWAYS AS (lower(document ->> 'phone')) STORED;
CREATE INDEX customers_email_folded ON customers (account_id, livemode, email_folded, position, id)
    WHERE NOT deleted AND email_folded IS NOT NULL;
CREATE INDEX customers_name_folded ON customers (account_id, livemode, name_folded, position, id)
    WHERE NOT deleted AND name_folded IS NOT NULL;
CREATE INDEX customers_phone_folded ON customers (account_id, livemode, phone_folded, position, id)
    WHERE NOT deleted AND phone_folded IS NOT NULL;

ALTER TABLE charges
    ADD COLUMN card_last4       text GENERATED ALWAYS AS (document -> 'card' ->> 'last4') STORED,
    ADD COLUMN card_fingerprint text GENERATED ALWAYS AS (document -> 'card' ->> 'fingerprint') STORED;
CREATE INDEX charges_card_last4 ON charges (account_id, livemode, card_last4, position, id) WHERE card_last4 IS NOT NULL;
CREATE INDEX charges_card_fingerprint ON charges (account_id, livemode, card_fingerprint, position, id)
    WHERE card_fingerprint IS NOT NULL;

-- A row for each entry of the metadata of an object that can be searched for, written with the object, whose position it
-- repeats. `kind` is the object's table.
CREATE TABLE search_metadata (
    account_id bigint  NOT NULL,
    livemode   boolean NOT NULL,
    kind       text    NOT NULL,
    key        text    NOT NULL,
    value      text    NOT NULL,
    position   bigint  NOT NULL,
    id         text    NOT NULL,
    CONSTRAINT search_metadata_pkey PRIMARY KEY (account_id, id, key)
);
CREATE INDEX search_metadata_value ON search_metadata (account_id, livemode, kind, key, value, position, id);

ALTER TABLE search_metadata ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_metadata FORCE ROW LEVEL SECURITY;
CREATE POLICY search_metadata_of_account ON search_metadata
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
GRANT SELECT, INSERT, DELETE ON search_metadata TO gateway;
