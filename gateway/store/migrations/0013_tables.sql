-- Until when what was authorized may be captured, in seconds, as a column: authorizations lapse by the clock.
ALTER TABLE charges ADD COLUMN capture_before integer;
ALTER TABLE charges ALTER COLUMN capture_before TYPE bigint USING (document ->> 'capture_before')::bigint;
CREATE INDEX charges_to_lapse ON charges (capture_before, account_id)
    WHERE capture_before IS NOT NULL AND status = 'succeeded' AND amount_captured + released < amount_authorized;
CREATE POLICY charges_lapse_scan ON charges FOR SELECT
    USING (capture_before IS NOT NULL AND status = 'succeeded' AND amount_captured + released < amount_authorized
           AND current_setting('app.scan', true) = 'charges');
