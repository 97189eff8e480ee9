-- Who did what, in one hash chain a stream. Each process writes a stream of its own, so that nothing forks: a second
-- writer of the same stream collides with the primary key. Nobody but the owner may change or delete a row.
-- Times are milliseconds of the unix epoch, given by the process.
CREATE TABLE audit_entry (
  stream      text   COLLATE "C" NOT NULL,
  sequence    bigint NOT NULL,
  recorded_at bigint NOT NULL,
  actor       text   NOT NULL,
  action      text   NOT NULL,
  object      text   NOT NULL,
  origin      text   NOT NULL,
  outcome     text   NOT NULL,
  detail      text   NOT NULL,
  previous    bytea  NOT NULL,
  hash        bytea  NOT NULL,
  CONSTRAINT audit_entry_pk PRIMARY KEY (stream, sequence),
  CONSTRAINT audit_entry_sequence_positive CHECK (sequence > 0),
  CONSTRAINT audit_entry_hash_sizes CHECK (octet_length(previous) = 32 AND octet_length(hash) = 32)
);
-- A range of time without reading all: entries come in nearly the order of their times.
CREATE INDEX audit_entry_by_time ON audit_entry USING brin (recorded_at);

-- What the HSM vouches for; a copy is kept in a file elsewhere.
CREATE TABLE audit_checkpoint (
  stream      text    COLLATE "C" NOT NULL,
  number      bigint  NOT NULL,
  sequence    bigint  NOT NULL,
  hash        bytea   NOT NULL,
  made_at     bigint  NOT NULL,
  key_version integer NOT NULL,
  previous    bytea   NOT NULL,
  mac         bytea   NOT NULL,
  CONSTRAINT audit_checkpoint_pk PRIMARY KEY (stream, number),
  CONSTRAINT audit_checkpoint_positive CHECK (number > 0 AND sequence > 0 AND key_version > 0),
  CONSTRAINT audit_checkpoint_sizes CHECK (octet_length(hash) = 32 AND octet_length(previous) = 32 AND octet_length(mac) = 32)
);

GRANT SELECT, INSERT ON audit_entry, audit_checkpoint TO vault;
