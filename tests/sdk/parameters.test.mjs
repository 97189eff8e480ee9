// Parameters beyond the usual, end to end: what is kept, merged, removed, refused.
import test from 'node:test';
import assert from 'node:assert/strict';
import https from 'node:https';
import { agent, publishable, relaxed, request, sandbox } from '../lib/sandbox.mjs';

const stripe = relaxed();
const create = (extra = {}) => stripe.paymentIntents.create({ amount: 2000, currency: 'eur', ...extra });
const held = (extra = {}) => create({ capture_method: 'manual', confirm: true, payment_method: 'pm_card_visa', ...extra });
const refused = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const card = { number: '4242424242424242', exp_month: 12, exp_year: 2034, cvc: '123' };

test('a confirmation adds to what was given at creation', async () => {
  const intent = await create({ payment_method_options: { card: { network: 'visa' } }, payment_details: { customer_reference: 'c-1' }, receipt_email: 'a@b.example', transfer_group: 'order-17' });
  const paid = await stripe.paymentIntents.confirm(intent.id, {
    payment_method: 'pm_card_visa', receipt_email: '', payment_method_options: { card: { request_three_d_secure: 'any' } },
    payment_details: { order_reference: 'o-1' }, excluded_payment_method_types: ['klarna'], radar_options: { session: 'rse_17' }, amount_details: { discount_amount: 5 }, expand: ['latest_charge'],
  });
  assert.equal(paid.payment_method_options.card.network, 'visa');
  assert.equal(paid.payment_method_options.card.request_three_d_secure, 'any');
  assert.deepEqual(paid.payment_details, { customer_reference: 'c-1', order_reference: 'o-1' });
  assert.deepEqual(paid.excluded_payment_method_types, ['klarna']);
  assert.equal(paid.amount_details.discount_amount, 5);
  assert.equal(paid.receipt_email, null);
  assert.deepEqual(paid.latest_charge.radar_options, { session: 'rse_17' });
  assert.equal(paid.latest_charge.transfer_group, 'order-17');
  assert.deepEqual((await stripe.paymentIntents.retrieve(intent.id)).payment_details, paid.payment_details);
});

test('a confirmation can choose that the merchant captures', async () => {
  const intent = await create();
  assert.equal((await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa', capture_method: 'manual' })).status, 'requires_capture');
  const other = await create();
  const confirmed = await stripe.paymentIntents.confirm(other.id, { payment_method: 'pm_card_visa', payment_method_options: { card: { capture_method: 'manual' } } });
  assert.equal(confirmed.status, 'requires_capture');
  const browser = await refused(publishable().paymentIntents.confirm((await create()).id, { client_secret: 'x', payment_method: 'pm_card_visa', payment_method_options: { card: { capture_method: 'manual' } } }));
  assert.equal(browser.param, 'payment_method_options[card][capture_method]');
});

test('a capture merges metadata and details, and releases the rest', async () => {
  const intent = await held({ metadata: { a: '1', b: '2' } });
  const many = await refused(stripe.paymentIntents.capture(intent.id, { metadata: Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`k${i}`, 'v'])) }));
  assert.equal(many.statusCode, 400);
  assert.equal(many.param, 'metadata');
  const captured = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 1500, metadata: { a: '', c: '3' }, payment_details: { order_reference: 'o-2' }, expand: ['latest_charge'] });
  assert.deepEqual(captured.metadata, { b: '2', c: '3' });
  assert.equal(captured.payment_details.order_reference, 'o-2');
  assert.equal(captured.amount, 2000);
  assert.equal(captured.amount_received, 1500);
  assert.equal(captured.amount_capturable, 0);
  assert.equal(captured.latest_charge.amount_captured, 1500);
  assert.equal(captured.latest_charge.amount_refunded, 500);
  assert.equal(captured.latest_charge.refunded, false);
});

test('as much metadata as the API allows is taken, whatever its alphabet', async () => {
  const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key ${i}`, '\u{1F456}'.repeat(500)]));
  const intent = await create({ metadata });
  assert.deepEqual((await stripe.paymentIntents.retrieve(intent.id)).metadata, metadata);
});

test('an expiry beyond all calendars is an error of the card', async () => {
  for (const [field, value, code] of [['exp_month', '9223372036854775807', 'invalid_expiry_month'], ['exp_year', '-9223372036854775808', 'invalid_expiry_year'], ['exp_year', '2147483648', 'invalid_expiry_year']]) {
    const error = await refused(stripe.paymentMethods.create({ type: 'card', card: { ...card, [field]: value } }));
    assert.equal(error.statusCode, 402, error.message);
    assert.equal(error.code, code);
  }
});

test('an address longer than an issuer compares does not stop a payment', async () => {
  const address = { line1: '9'.repeat(4000), postal_code: '1\u00e9'.repeat(2000) };
  const paid = await create({ confirm: true, payment_method_data: { type: 'card', card, billing_details: { address } }, expand: ['latest_charge'] });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.latest_charge.billing_details.address.postal_code, address.postal_code);
});

test('an id with other bytes names nothing', async () => {
  const intent = await create();
  for (const path of [`/v1/payment_intents/${intent.id}%00x`, `/v1/payment_intents/${intent.id}%00`, '/v1/payment_intents/%ff%fe', '/v1/charges/%ff', '/v1/payment_methods/%C3%A4']) {
    const answer = await request('GET', path);
    assert.equal(answer.status, 404, `${path}: ${answer.text}`);
    assert.equal(answer.body.error.code, 'resource_missing');
  }
  assert.equal((await request('POST', '/v1/payment_intents/%ff/confirm', { body: '' })).status, 404);
});

test('an idempotency key that is no text is refused', async () => {
  const url = new URL(sandbox().gateway_url);
  const status = await new Promise((resolve, reject) => {
    const call = https.request({ host: url.hostname, port: url.port, method: 'POST', path: '/v1/payment_intents', agent,
      headers: { Authorization: `Bearer ${sandbox().accounts.relaxed.secret_key}`, 'Content-Type': 'application/x-www-form-urlencoded', 'Idempotency-Key': 'k\xff\xfe' } },
    (answer) => { answer.resume(); resolve(answer.statusCode); });
    call.on('error', reject);
    call.end(Buffer.from('amount=500&currency=eur'));  // a buffer, so that the header keeps its bytes
  });
  assert.equal(status, 400);
});

test('what the merchant wants to confirm is not confirmed by a browser, and the error shows the payment', async () => {
  const intent = await create({ confirmation_method: 'manual' });
  const error = await refused(publishable().paymentIntents.confirm(intent.id, { client_secret: intent.client_secret, payment_method: 'pm_card_visa' }));
  assert.equal(error.code, 'payment_intent_unexpected_state');
  assert.equal(error.payment_intent.id, intent.id);
  assert.equal(error.payment_intent.metadata, undefined);
});

test('an address to return to is not a script', async () => {
  const error = await refused(create({ confirm: true, payment_method: 'pm_card_visa', return_url: 'javascript:alert(1)' }));
  assert.equal(error.code, 'url_invalid');
  assert.equal((await create({ confirm: true, payment_method: 'pm_card_visa', return_url: 'shop.example.app:/paid' })).status, 'succeeded');
});

test('an error leads to a page that explains its code', async () => {
  const errors = [
    await refused(create({ amount: 1 })), await refused(create({ currency: 'eur', bogus: 1 })), await refused(stripe.paymentIntents.retrieve('pi_none')),
    await refused(create({ confirm: true, payment_method: 'pm_card_chargeDeclined' })), await refused(create({ confirm: true, payment_method: 'pm_card_authenticationRequired' })),
    await refused(create({ confirm: true, payment_method: 'pm_card_chargeDeclinedIncorrectCvc' })), await refused(stripe.paymentIntents.capture((await create()).id)),
    await refused(stripe.paymentMethods.create({ type: 'card', card: { ...card, cvc: '1' } })), await refused(publishable().charges.retrieve('ch_none')),
  ];
  for (const { raw: error } of errors) {
    const url = new URL(error.doc_url);
    assert.equal(url.origin, new URL(sandbox().gateway_url).origin);
    assert.equal(url.hash, '#' + error.code);
    const page = await request('GET', url.pathname, { key: null });
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /^text\/html/);
    assert.ok(page.text.includes(`id="${error.code}"`), `${error.code} is not explained`);
  }
});
