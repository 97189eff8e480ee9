-- Where the audit log was cut off by `audit prune`, one row a stream, signed in the HSM: without it what is gone counts as
-- deleted. The first checkpoint that is left vouches for the last entry that is not. Only the owner may write here.
CREATE TABLE audit_cut (
  stream      text    COLLATE "C" NOT NULL,
  checkpoint  bigint  NOT NULL,
  sequence    bigint  NOT NULL,
  hash        bytea   NOT NULL,
  vouched_by  bytea   NOT NULL,
  before      bigint  NOT NULL,
  made_at     bigint  NOT NULL,
  key_version integer NOT NULL,
  mac         bytea   NOT NULL,
  CONSTRAINT audit_cut_pk PRIMARY KEY (stream),
  CONSTRAINT audit_cut_positive CHECK (checkpoint > 0 AND sequence > 0 AND key_version > 0),
  CONSTRAINT audit_cut_sizes CHECK (octet_length(hash) = 32 AND octet_length(vouched_by) = 32 AND octet_length(mac) = 32)
);

GRANT SELECT ON audit_cut TO vault;
