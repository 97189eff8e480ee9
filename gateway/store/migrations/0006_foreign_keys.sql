-- The objects that are there already, once the table is distributed. Forced row-level security would hide them from the
-- owner too. There is no foreign key: the objects, which are of several tables, have theirs.
ALTER TABLE search_metadata NO FORCE ROW LEVEL SECURITY;
ALTER TABLE customers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE payment_intents NO FORCE ROW LEVEL SECURITY;
ALTER TABLE charges NO FORCE ROW LEVEL SECURITY;
INSERT INTO search_metadata (account_id, livemode, kind, key, value, position, id)
    SELECT account_id, livemode, 'customers', entry.key, entry.value, position, id
    FROM customers CROSS JOIN LATERAL jsonb_each_text(document -> 'metadata') AS entry;
INSERT INTO search_metadata (account_id, livemode, kind, key, value, position, id)
    SELECT account_id, livemode, 'payment_intents', entry.key, entry.value, position, id
    FROM payment_intents CROSS JOIN LATERAL jsonb_each_text(document -> 'metadata') AS entry;
INSERT INTO search_metadata (account_id, livemode, kind, key, value, position, id)
    SELECT account_id, livemode, 'charges', entry.key, entry.value, position, id
    FROM charges CROSS JOIN LATERAL jsonb_each_text(document -> 'metadata') AS entry;
ALTER TABLE search_metadata FORCE ROW LEVEL SECURITY;
ALTER TABLE customers FORCE ROW LEVEL SECURITY;
ALTER TABLE payment_intents FORCE ROW LEVEL SECURITY;
ALTER TABLE charges FORCE ROW LEVEL SECURITY;
