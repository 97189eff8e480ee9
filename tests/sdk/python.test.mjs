// The official SDK for Python, where pip can install it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { sandbox } from '../lib/sandbox.mjs';

const python = process.env.PORTCULLIS_PYTHON;

test('the Python SDK pays, is declined, captures and cancels', { skip: python ? false : 'stripe for Python is not installed' }, () => {
  const { gateway_url: url, ca_file: ca, accounts } = sandbox();
  const program = `
import stripe, json
stripe.ca_bundle_path = ${JSON.stringify(ca)}
client = stripe.StripeClient(${JSON.stringify(accounts.relaxed.secret_key)}, base_addresses={"api": ${JSON.stringify(url)}, "files": ${JSON.stringify(url)}}, max_network_retries=2)
intents = client.v1.payment_intents
paid = intents.create({"amount": 1234, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True})
try:
    intents.create({"amount": 1234, "currency": "eur", "payment_method": "pm_card_chargeDeclined", "confirm": True})
    declined = None
except stripe.CardError as error:
    declined = [error.code, error.error.decline_code]
held = intents.create({"amount": 1234, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True, "capture_method": "manual"})
captured = intents.capture(held.id)
other = intents.create({"amount": 1234, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True, "capture_method": "manual"})
canceled = intents.cancel(other.id)
charge = client.v1.charges.retrieve(paid.latest_charge)
print(json.dumps([paid.status, declined, held.status, captured.status, canceled.status, charge.amount_captured]))
`;
  const out = execFileSync(python, ['-c', program], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(out), ['succeeded', ['card_declined', 'generic_decline'], 'requires_capture', 'succeeded', 'canceled', 1234]);
});

test('the Python SDK uploads a file and makes a link to it', { skip: python ? false : 'stripe for Python is not installed' }, () => {
  const { gateway_url: url, ca_file: ca, accounts } = sandbox();
  const program = `
import io, json, stripe
stripe.ca_bundle_path = ${JSON.stringify(ca)}
client = stripe.StripeClient(${JSON.stringify(accounts.relaxed.secret_key)}, base_addresses={"api": ${JSON.stringify(url)}, "files": ${JSON.stringify(url)}})
receipt = io.BytesIO(b"%PDF-1.4\\n%%EOF\\n")
receipt.name = "/home/merchant/receipt.pdf"
file = client.v1.files.create({"purpose": "dispute_evidence", "file": receipt, "file_link_data": {"create": True}})
link = client.v1.file_links.create({"file": file.id})
print(json.dumps([file.filename, file.type, file.size, len(file.links.data), link.file == file.id, link.expired]))
`;
  assert.deepEqual(JSON.parse(execFileSync(python, ['-c', program], { encoding: 'utf8' })), ['receipt.pdf', 'pdf', 15, 1, true, false]);
});
