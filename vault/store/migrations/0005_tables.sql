-- Custodians and the acts that several of them must approve. Times are milliseconds of the unix epoch, given by the
-- process. custody_register is the one row that the HSM's MAC covers: it holds the digest of every active custodian and
-- of every act that is still open, so that neither a row nor an older copy of one can be put in their place.
CREATE TABLE custody_register (
  name     text   NOT NULL,
  sequence bigint NOT NULL,
  content  text   NOT NULL,
  mac      bytea  NOT NULL,
  CONSTRAINT custody_register_pk PRIMARY KEY (name),
  CONSTRAINT custody_register_only_one CHECK (name = 'register'),
  CONSTRAINT custody_register_sequence_positive CHECK (sequence > 0),
  CONSTRAINT custody_register_mac_size CHECK (octet_length(mac) = 32)
);

CREATE TABLE custodian (
  name            text   NOT NULL,
  state           text   NOT NULL,
  certificate     bytea  NOT NULL,
  acknowledgement bytea  NOT NULL,
  enrolled_at     bigint NOT NULL,
  removed_at      bigint NOT NULL DEFAULT 0,
  CONSTRAINT custodian_pk PRIMARY KEY (name),
  CONSTRAINT custodian_state_known CHECK (state IN ('active', 'removed'))
);

CREATE TABLE custodial_act (
  id          text   NOT NULL,
  kind        text   NOT NULL,
  parameters  text   NOT NULL,
  digest      bytea  NOT NULL,
  proposed_by text   NOT NULL,
  proposed_at bigint NOT NULL,
  expires_at  bigint NOT NULL,
  state       text   NOT NULL,
  holder      text   NOT NULL DEFAULT '',
  claimed_at  bigint NOT NULL DEFAULT 0,
  ended_at    bigint NOT NULL DEFAULT 0,
  CONSTRAINT custodial_act_pk PRIMARY KEY (id),
  CONSTRAINT custodial_act_state_known CHECK (state IN ('proposed', 'claimed', 'finished', 'expired', 'cancelled')),
  CONSTRAINT custodial_act_digest_size CHECK (octet_length(digest) = 32)
);
CREATE INDEX custodial_act_open ON custodial_act (id) WHERE state IN ('proposed', 'claimed');

-- A signature speaks for itself: it is verified whenever it is counted.
CREATE TABLE custodial_approval (
  act         text   NOT NULL,
  custodian   text   NOT NULL,
  signature   bytea  NOT NULL,
  approved_at bigint NOT NULL,
  CONSTRAINT custodial_approval_pk PRIMARY KEY (act, custodian)
);

GRANT SELECT, INSERT, UPDATE ON custody_register, custodian, custodial_act, custodial_approval TO vault;
