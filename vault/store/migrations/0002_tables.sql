-- Exchanges with the acquirer: what is needed to answer for them and to repeat or reverse them. Never a card number,
-- expiry date or security code: those are put into a message from the card's own record, just before it is written.
-- Times are milliseconds of the unix epoch, given by the process.
CREATE TABLE exchange (
  account_id             bigint   NOT NULL,
  request_id             text     NOT NULL,
  kind                   text     NOT NULL,
  state                  text     NOT NULL,
  authorization_id       text     NOT NULL,
  advices                integer  NOT NULL DEFAULT 0,
  position               integer  NOT NULL DEFAULT 0,
  livemode               boolean  NOT NULL DEFAULT false,
  card_token             text     NOT NULL DEFAULT '',
  amount                 bigint   NOT NULL DEFAULT 0,
  currency               text     NOT NULL DEFAULT '',
  mcc                    text     NOT NULL DEFAULT '',
  country_numeric        text     NOT NULL DEFAULT '',
  terminal_id            text     NOT NULL DEFAULT '',
  merchant_id            text     NOT NULL DEFAULT '',
  name_location          text     NOT NULL DEFAULT '',
  entry_mode             text     NOT NULL DEFAULT '',
  condition              text     NOT NULL DEFAULT '',
  stored_credential      text     NOT NULL DEFAULT '',
  network_id             text     NOT NULL DEFAULT '',
  acquirer_id            text     NOT NULL DEFAULT '',
  forwarder_id           text     NOT NULL DEFAULT '',
  stan                   text     NOT NULL DEFAULT '',
  rrn                    text     NOT NULL DEFAULT '',
  sent_at                text     NOT NULL DEFAULT '',
  original_stan          text     NOT NULL DEFAULT '',
  original_sent_at       text     NOT NULL DEFAULT '',
  original_code          text     NOT NULL DEFAULT '',
  reason                 text     NOT NULL DEFAULT '',
  capture_sequence       integer  NOT NULL DEFAULT 0,
  capture_count          integer  NOT NULL DEFAULT 0,
  response_code          text     NOT NULL DEFAULT '',
  authorization_code     text     NOT NULL DEFAULT '',
  settlement_date        text     NOT NULL DEFAULT '',
  network_transaction_id text     NOT NULL DEFAULT '',
  merchant_advice        text     NOT NULL DEFAULT '',
  avs_result             text     NOT NULL DEFAULT '',
  cvc_result             text     NOT NULL DEFAULT '',
  approved_amount        bigint   NOT NULL DEFAULT 0,
  attempts               integer  NOT NULL DEFAULT 0,
  next_at                bigint   NOT NULL DEFAULT 0,
  lease_owner            text     NOT NULL DEFAULT '',
  lease_until            bigint   NOT NULL DEFAULT 0,
  created_at             bigint   NOT NULL,
  ended_at               bigint   NOT NULL DEFAULT 0,
  CONSTRAINT exchange_pk PRIMARY KEY (account_id, request_id),
  CONSTRAINT exchange_kind_known CHECK (kind IN ('authorization', 'capture', 'reversal', 'refused')),
  CONSTRAINT exchange_state_known CHECK (state IN ('intent', 'queued', 'answered', 'reversed', 'not_sent', 'parked')),
  CONSTRAINT exchange_state_of_kind CHECK (
    (kind = 'authorization' AND state IN ('intent', 'answered', 'reversed', 'not_sent')) OR
    (kind IN ('capture', 'reversal') AND state IN ('queued', 'answered', 'parked')) OR
    (kind = 'refused' AND state = 'not_sent')),
  CONSTRAINT exchange_answer CHECK ((state = 'answered') <= (length(response_code) = 2)),
  CONSTRAINT exchange_amounts CHECK (amount >= 0 AND approved_amount >= 0),
  CONSTRAINT exchange_numbered CHECK (kind = 'refused' OR (stan ~ '^[0-9]{6}$' AND length(rrn) = 12 AND length(sent_at) = 10))
);
CREATE INDEX exchange_open_intents ON exchange (lease_until, account_id, request_id) WHERE state = 'intent';
CREATE INDEX exchange_due_advices ON exchange (next_at, account_id) WHERE state = 'queued';
CREATE INDEX exchange_queue_of_account ON exchange (account_id, authorization_id, position) WHERE state = 'queued';

-- Blocks of system trace audit numbers, ISO 8583 field 11; a process takes a whole one, so that none comes twice.
CREATE TABLE number_block (
  name  text   NOT NULL,
  block bigint NOT NULL,
  CONSTRAINT number_block_pk PRIMARY KEY (name)
);

GRANT SELECT, INSERT, UPDATE ON exchange, number_block TO vault;
