-- What is known of a file, and the sealed key of its content. Neither ever changes.
CREATE TABLE files (
    account_id bigint  NOT NULL,
    id         text    NOT NULL,
    livemode   boolean NOT NULL,
    created    bigint  NOT NULL,
    position   bigint  NOT NULL,
    purpose    text    NOT NULL,
    document   jsonb   NOT NULL,
    CONSTRAINT files_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX files_newest ON files (account_id, livemode, position, id);
CREATE INDEX files_purpose ON files (account_id, livemode, purpose, position, id);

-- Encrypted: iv, ciphertext, tag. Nothing is gained by compressing it.
CREATE TABLE file_contents (
    account_id bigint NOT NULL,
    id         text   NOT NULL,
    content    bytea  NOT NULL,
    CONSTRAINT file_contents_pkey PRIMARY KEY (account_id, id)
);
ALTER TABLE file_contents ALTER COLUMN content SET STORAGE EXTERNAL;

-- The secret part of a link's address is computed, and stored nowhere. `expires_at` is in seconds; the greatest
-- number stands for never.
CREATE TABLE file_links (
    account_id bigint  NOT NULL,
    id         text    NOT NULL,
    livemode   boolean NOT NULL,
    created    bigint  NOT NULL,
    position   bigint  NOT NULL,
    file       text    NOT NULL,
    expires_at bigint  NOT NULL,
    document   jsonb   NOT NULL,
    CONSTRAINT file_links_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX file_links_newest ON file_links (account_id, livemode, position, id);
CREATE INDEX file_links_file ON file_links (account_id, livemode, file, position, id);

ALTER TABLE files ENABLE ROW LEVEL SECURITY;
ALTER TABLE files FORCE ROW LEVEL SECURITY;
CREATE POLICY files_of_account ON files
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
ALTER TABLE file_contents ENABLE ROW LEVEL SECURITY;
ALTER TABLE file_contents FORCE ROW LEVEL SECURITY;
CREATE POLICY file_contents_of_account ON file_contents
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
ALTER TABLE file_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE file_links FORCE ROW LEVEL SECURITY;
CREATE POLICY file_links_of_account ON file_links
    USING (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint)
    WITH CHECK (account_id = NULLIF(current_setting('app.account_id', true), '')::bigint);
GRANT SELECT, INSERT ON files, file_contents TO gateway;
GRANT SELECT, INSERT, UPDATE ON file_links TO gateway;
