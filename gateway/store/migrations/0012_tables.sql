-- Payments that somebody should look at.
CREATE TABLE reviews (
    account_id bigint  NOT NULL,
    id         text    NOT NULL,
    livemode   boolean NOT NULL,
    created    bigint  NOT NULL,
    position   bigint  NOT NULL,
    open       boolean NOT NULL,
    document   jsonb   NOT NULL,
    CONSTRAINT reviews_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX reviews_newest ON reviews (account_id, livemode, open, position, id);

ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE reviews FORCE ROW LEVEL SECURITY;
CREATE POLICY reviews_of_account ON reviews
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
GRANT SELECT, INSERT ON reviews TO gateway;
GRANT UPDATE (open, document) ON reviews TO gateway;
