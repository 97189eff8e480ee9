-- What is shown of a card, and its sealed record. The record is readable only with the row of card_key.
CREATE TABLE card (
  account_id              bigint      NOT NULL,
  token                   text        NOT NULL,
  livemode                boolean     NOT NULL,
  brand                   text        NOT NULL,
  last4                   text        NOT NULL,
  funding                 text        NOT NULL,
  country                 text        NOT NULL,
  exp_month               integer     NOT NULL,
  exp_year                integer     NOT NULL,
  fingerprint             text        NOT NULL,
  fingerprint_key_version integer     NOT NULL,
  authentication          text        NOT NULL,
  risk                    text        NOT NULL,
  record                  bytea       NOT NULL,
  record_key_version      integer     NOT NULL,
  created_at              timestamptz NOT NULL,
  CONSTRAINT card_pk PRIMARY KEY (account_id, token),
  CONSTRAINT card_last4_four_digits CHECK (last4 ~ '^[0-9]{4}$'),
  CONSTRAINT card_expiry_in_range CHECK (exp_month BETWEEN 1 AND 12 AND exp_year BETWEEN 2000 AND 2199),
  CONSTRAINT card_record_size CHECK (octet_length(record) = 110),
  CONSTRAINT card_authentication_known CHECK (authentication IN
    ('optional', 'required', 'required_unless_set_up', 'required_on_session')),
  CONSTRAINT card_risk_known CHECK (risk IN ('normal', 'elevated', 'highest', 'blocked'))
);
CREATE INDEX card_by_fingerprint ON card (account_id, livemode, fingerprint);

-- The key of one card, sealed by a merchant key. Deleting the row erases the card, in old backups of `card` too.
CREATE TABLE card_key (
  account_id           bigint      NOT NULL,
  token                text        NOT NULL,
  id                   bytea       NOT NULL,
  livemode             boolean     NOT NULL,
  merchant_key_id      text        NOT NULL,
  merchant_key_version integer     NOT NULL,
  sealed               bytea       NOT NULL,
  commitment           bytea       NOT NULL,
  created_at           timestamptz NOT NULL,
  CONSTRAINT card_key_pk PRIMARY KEY (account_id, token),
  CONSTRAINT card_key_sizes CHECK (octet_length(id) = 16 AND octet_length(sealed) = 60 AND octet_length(commitment) = 16)
);
-- What a change of the merchant key has still to seal anew, in order.
CREATE INDEX card_key_by_merchant_key ON card_key (account_id, livemode, merchant_key_version, token);

CREATE TABLE merchant_key (
  account_id   bigint      NOT NULL,
  livemode     boolean     NOT NULL,
  version      integer     NOT NULL,
  id           text        NOT NULL,
  state        text        NOT NULL,
  kek          text        NOT NULL,
  sealed       bytea       NOT NULL,
  registry_mac bytea       NOT NULL,
  created_at   timestamptz NOT NULL,
  CONSTRAINT merchant_key_pk PRIMARY KEY (account_id, livemode, version),
  CONSTRAINT merchant_key_state_known CHECK (state IN ('pending', 'active', 'decrypt_only', 'compromised', 'destroyed')),
  CONSTRAINT merchant_key_version_positive CHECK (version > 0),
  CONSTRAINT merchant_key_sealed_size CHECK (octet_length(sealed) = 60 OR (state = 'destroyed' AND octet_length(sealed) = 0)),
  CONSTRAINT merchant_key_registry_mac_size CHECK (octet_length(registry_mac) = 32)
);
CREATE UNIQUE INDEX merchant_key_one_active ON merchant_key (account_id, livemode) WHERE state = 'active';

GRANT SELECT, INSERT ON card TO vault;
GRANT SELECT, INSERT, DELETE ON card_key TO vault;
GRANT SELECT, INSERT ON merchant_key TO vault;
