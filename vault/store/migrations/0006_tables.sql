-- The day, counted from 1970, on which a card was last opened or else stored; retention rules ask for it. Cards from
-- before count as used on the day on which this was written, which costs no rewriting of the table.
ALTER TABLE card ADD COLUMN last_used_day integer NOT NULL DEFAULT 20782;
ALTER TABLE card ALTER COLUMN last_used_day DROP DEFAULT;
-- No index of these two tables but the primary key begins with the account: before there are statistics, the plan that
-- a session keeps for checking its foreign keys would be any of those that do, and read all cards of an account each time.
CREATE INDEX card_by_last_use ON card (livemode, account_id, last_used_day);
CREATE INDEX card_by_last4 ON card (livemode, account_id, last4, token);
CREATE INDEX card_by_expiry ON card (livemode, account_id, exp_year, exp_month, token);
DROP INDEX card_by_fingerprint;
CREATE INDEX card_by_fingerprint ON card (livemode, account_id, fingerprint, token);
DROP INDEX card_key_by_merchant_key;
CREATE INDEX card_key_by_merchant_key ON card_key (livemode, account_id, merchant_key_version, token);

-- What the gateway keeps with a card, to find it again: order numbers, customer numbers. In clear, since it is looked
-- for by value; what looks like a card number is refused. It goes with the card.
CREATE TABLE card_metadata (
  account_id bigint  NOT NULL,
  token      text    NOT NULL,
  livemode   boolean NOT NULL,
  key        text    NOT NULL,
  value      text    NOT NULL,
  CONSTRAINT card_metadata_pk PRIMARY KEY (account_id, token, key),
  CONSTRAINT card_metadata_lengths CHECK (length(key) BETWEEN 1 AND 40 AND length(value) BETWEEN 1 AND 500)
);
CREATE INDEX card_metadata_by_value ON card_metadata (account_id, livemode, key, value, token);

-- Tokens whose card was erased: answered as such, and never given out again. A row of `card` that an old backup brings
-- back is not opened, not even if its key comes back with it.
CREATE TABLE card_tombstone (
  account_id bigint  NOT NULL,
  token      text    NOT NULL,
  livemode   boolean NOT NULL,
  reason     text    NOT NULL,
  erased_day integer NOT NULL,
  CONSTRAINT card_tombstone_pk PRIMARY KEY (account_id, token),
  CONSTRAINT card_tombstone_reason_known CHECK (reason IN ('requested', 'unused', 'expired'))
);
CREATE INDEX card_tombstone_by_day ON card_tombstone (account_id, erased_day);

-- How many times a card number was given to the vault, whatever the account, by slots of five minutes since 1970. The
-- number is an HMAC made in the HSM.
CREATE TABLE card_velocity (
  fingerprint bytea   NOT NULL,
  slot        bigint  NOT NULL,
  cards       integer NOT NULL,
  CONSTRAINT card_velocity_pk PRIMARY KEY (fingerprint, slot),
  CONSTRAINT card_velocity_fingerprint_size CHECK (octet_length(fingerprint) = 32)
);
CREATE INDEX card_velocity_by_slot ON card_velocity (slot);

-- Lines of a bulk of cards that were answered together: a token each, or '_' and the code of an error. Sent again they
-- are answered alike, until the row is purged.
CREATE TABLE card_bulk_chunk (
  account_id bigint  NOT NULL,
  livemode   boolean NOT NULL,
  bulk       text    NOT NULL,
  first_line bigint  NOT NULL,
  outcomes   text[]  NOT NULL,
  stored_day integer NOT NULL,
  CONSTRAINT card_bulk_chunk_pk PRIMARY KEY (account_id, livemode, bulk, first_line),
  CONSTRAINT card_bulk_chunk_line_positive CHECK (first_line > 0)
);
CREATE INDEX card_bulk_chunk_by_day ON card_bulk_chunk (account_id, stored_day);

-- Work that one vault does at a time. Times are milliseconds of the unix epoch, given by the process.
CREATE TABLE job_lease (
  name  text   NOT NULL,
  owner text   NOT NULL,
  until bigint NOT NULL,
  CONSTRAINT job_lease_pk PRIMARY KEY (name)
);

GRANT DELETE, UPDATE (record, record_key_version, exp_month, exp_year, last_used_day) ON card TO vault;
GRANT UPDATE (id, merchant_key_id, merchant_key_version, sealed, commitment) ON card_key TO vault;
GRANT SELECT, INSERT, UPDATE (value), DELETE ON card_metadata TO vault;
GRANT SELECT, INSERT, DELETE ON card_tombstone TO vault;
GRANT SELECT, INSERT, UPDATE (cards), DELETE ON card_velocity TO vault;
GRANT SELECT, INSERT, DELETE ON card_bulk_chunk TO vault;
GRANT SELECT, INSERT, UPDATE (owner, until) ON job_lease TO vault;
