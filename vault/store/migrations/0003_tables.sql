-- Keys of the HSM: which versions there are and what each may still do. The MAC of a row is made inside the HSM, so that
-- nobody who can write here can bring a key back or put another one in its place.
CREATE TABLE hsm_key (
  purpose          text    NOT NULL,
  version          integer NOT NULL,
  state            text    NOT NULL,
  key_id           bytea   NOT NULL,
  created_at       bigint  NOT NULL,
  changed_at       bigint  NOT NULL,
  registry_version integer NOT NULL,
  registry_mac     bytea   NOT NULL,
  CONSTRAINT hsm_key_pk PRIMARY KEY (purpose, version),
  CONSTRAINT hsm_key_state_known CHECK (state IN ('pending', 'active', 'decrypt_only', 'compromised', 'destroyed')),
  CONSTRAINT hsm_key_version_positive CHECK (version > 0),
  CONSTRAINT hsm_key_sizes CHECK (octet_length(key_id) IN (0, 16) AND octet_length(registry_mac) = 32),
  CONSTRAINT hsm_key_identified CHECK (state = 'pending' OR octet_length(key_id) = 16)
);
CREATE UNIQUE INDEX hsm_key_one_active ON hsm_key (purpose) WHERE state = 'active';

ALTER TABLE merchant_key ADD COLUMN registry_version integer NOT NULL DEFAULT 1;
-- What a change of the key-encryption key has still to seal anew.
CREATE INDEX merchant_key_by_kek ON merchant_key (kek, account_id, livemode, version);

GRANT SELECT, INSERT, UPDATE ON hsm_key TO vault;
GRANT UPDATE (state, kek, sealed, registry_version, registry_mac) ON merchant_key TO vault;
GRANT UPDATE (merchant_key_id, merchant_key_version, sealed) ON card_key TO vault;
GRANT UPDATE (fingerprint, fingerprint_key_version) ON card TO vault;
