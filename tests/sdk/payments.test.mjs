// A merchant's backend with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { client, issuer, publishable, relaxed, request, sandbox, strict, until } from '../lib/sandbox.mjs';

const stripe = relaxed();
const card = (number, extra = {}) => ({ type: 'card', card: { number, exp_month: 12, exp_year: 2034, cvc: '123', ...extra } });
const confirmed = (method, extra = {}) => stripe.paymentIntents.create({ amount: 2000, currency: 'eur', payment_method: method, confirm: true, ...extra });

// PCI DSS 4.0.1: 3.4.1
test('a card is tokenized and the method never shows the number', async () => {
  const method = await stripe.paymentMethods.create({ ...card('4242424242424242'), billing_details: { email: 'ann@example.com', address: { postal_code: '1000-001' } }, metadata: { order: '17' } });
  assert.match(method.id, /^pm_[A-Za-z0-9]{24,}$/);
  assert.equal(method.card.brand, 'visa');
  assert.equal(method.card.last4, '4242');
  assert.equal(method.card.exp_year, 2034);
  assert.equal(method.billing_details.email, 'ann@example.com');
  assert.equal(method.metadata.order, '17');
  assert.equal(JSON.stringify(method).includes('4242424242424242'), false);
  const again = await stripe.paymentMethods.retrieve(method.id);
  assert.deepEqual({ ...again, lastResponse: null }, { ...method, lastResponse: null });
});

test('the same number has the same fingerprint within an account and another in another', async () => {
  const one = await stripe.paymentMethods.create(card('5555555555554444'));
  const two = await stripe.paymentMethods.create(card('5555555555554444'));
  const other = await strict().paymentMethods.create(card('5555555555554444'));
  assert.notEqual(one.id, two.id);
  assert.equal(one.card.fingerprint, two.card.fingerprint);
  assert.notEqual(one.card.fingerprint, other.card.fingerprint);
});

test('an automatic payment is authorized, captured and succeeded', async () => {
  const method = await stripe.paymentMethods.create(card('4242424242424242'));
  const intent = await stripe.paymentIntents.create({ amount: 4711, currency: 'eur', payment_method: method.id, description: 'Two books', metadata: { order: '6735' } });
  assert.equal(intent.status, 'requires_confirmation');
  assert.match(intent.client_secret, new RegExp(`^${intent.id}_secret_`));
  const paid = await stripe.paymentIntents.confirm(intent.id, { expand: ['latest_charge'] });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.amount_received, 4711);
  assert.equal(paid.latest_charge.captured, true);
  assert.equal(paid.latest_charge.paid, true);
  assert.equal(paid.latest_charge.amount_captured, 4711);
  assert.equal(paid.latest_charge.outcome.network_status, 'approved_by_network');
  assert.equal(paid.latest_charge.payment_method_details.card.last4, '4242');
  assert.equal(paid.latest_charge.metadata.order, '6735');
  const charge = await stripe.charges.retrieve(paid.latest_charge.id);
  assert.equal(charge.payment_intent, intent.id);
  const again = await stripe.paymentIntents.retrieve(intent.id);
  assert.equal(again.status, 'succeeded');
  assert.equal(again.latest_charge, charge.id);
});

test('a payment is created and confirmed in one call with a test method', async () => {
  const paid = await confirmed('pm_card_visa');
  assert.equal(paid.status, 'succeeded');
  assert.match(paid.payment_method, /^pm_/);
  assert.notEqual(paid.payment_method, 'pm_card_visa');
});

for (const [number, code, decline] of [
  ['4000000000000002', 'card_declined', 'generic_decline'],
  ['4000000000009995', 'card_declined', 'insufficient_funds'],
  ['4000000000009987', 'card_declined', 'lost_card'],
  ['4000000000009979', 'card_declined', 'stolen_card'],
  ['4000000000006975', 'card_declined', 'card_velocity_exceeded'],
  ['4000000000000069', 'expired_card', 'expired_card'],
  ['4000000000000127', 'incorrect_cvc', 'incorrect_cvc'],
  ['4000000000000119', 'processing_error', 'processing_error'],
]) {
  test(`card ${number} is declined with ${code} and ${decline}`, async () => {
    const method = await stripe.paymentMethods.create(card(number));
    const error = await confirmed(method.id).then(() => assert.fail('it was approved'), (e) => e);
    assert.equal(error.type, 'StripeCardError');
    assert.equal(error.statusCode, 402);
    assert.equal(error.code, code);
    assert.equal(error.decline_code, decline);
    assert.equal(error.payment_intent.status, 'requires_payment_method');
    assert.equal(error.payment_intent.payment_method, null);
    assert.equal(error.payment_intent.last_payment_error.code, code);
    assert.match(error.raw.charge, /^ch_/);
    assert.equal(error.payment_method.id, method.id);
    const charge = await stripe.charges.retrieve(error.raw.charge);
    assert.equal(charge.status, 'failed');
    assert.equal(charge.paid, false);
    assert.equal(charge.failure_code, code);
    assert.equal(charge.outcome.type, 'issuer_declined');
  });
}

test('a declined payment succeeds with another card', async () => {
  const error = await confirmed('pm_card_chargeDeclined').catch((e) => e);
  const paid = await stripe.paymentIntents.confirm(error.payment_intent.id, { payment_method: 'pm_card_mastercard' });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.last_payment_error, null);
});

for (const [what, data, code, param] of [
  ['a number that fails the Luhn check', { number: '4242424242424241' }, 'incorrect_number', 'number'],
  ['a number with letters', { number: '424242424242424x' }, 'invalid_number', 'number'],
  ['month 13', { number: '4242424242424242', exp_month: 13 }, 'invalid_expiry_month', 'exp_month'],
  ['a year that is over', { number: '4242424242424242', exp_year: 2019 }, 'invalid_expiry_year', 'exp_year'],
  ['a CVC of two digits', { number: '4242424242424242', cvc: '99' }, 'invalid_cvc', 'cvc'],
]) {
  test(`${what} is refused at tokenization with ${code}`, async () => {
    const error = await stripe.paymentMethods.create(card(data.number, data)).then(() => assert.fail('it was taken'), (e) => e);
    assert.equal(error.statusCode, 402);
    assert.equal(error.code, code);
    assert.equal(error.param, param);
    assert.equal(JSON.stringify(error.raw).includes(data.number), false);
  });
}

test('manual capture holds the amount and takes a part of it', async () => {
  const held = await confirmed('pm_card_visa', { amount: 5000, capture_method: 'manual' });
  assert.equal(held.status, 'requires_capture');
  assert.equal(held.amount_capturable, 5000);
  assert.equal(held.amount_received, 0);
  const taken = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 3000, expand: ['latest_charge'] });
  assert.equal(taken.status, 'succeeded');
  assert.equal(taken.amount, 5000);
  assert.equal(taken.amount_received, 3000);
  assert.equal(taken.amount_capturable, 0);
  assert.equal(taken.latest_charge.amount_captured, 3000);
  assert.equal(taken.latest_charge.amount_refunded, 2000);
  const error = await stripe.paymentIntents.capture(held.id).catch((e) => e);
  assert.equal(error.code, 'payment_intent_unexpected_state');
  assert.match(error.message, /has already been captured/);
});

test('more than the hold cannot be captured', async () => {
  const held = await confirmed('pm_card_visa', { amount: 5000, capture_method: 'manual' });
  const error = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 5001 }).catch((e) => e);
  assert.equal(error.statusCode, 400);
  assert.equal(error.code, 'amount_too_large');
  assert.equal(error.param, 'amount_to_capture');
  assert.equal((await stripe.paymentIntents.retrieve(held.id)).amount_capturable, 5000);
});

test('a canceled hold is released at the issuer', async () => {
  const held = await confirmed('pm_card_visa', { amount: 6100, capture_method: 'manual', expand: ['latest_charge'] });
  const canceled = await stripe.paymentIntents.cancel(held.id, { cancellation_reason: 'requested_by_customer', expand: ['latest_charge'] });
  assert.equal(canceled.status, 'canceled');
  assert.equal(canceled.cancellation_reason, 'requested_by_customer');
  assert.ok(canceled.canceled_at > 0);
  assert.equal(canceled.latest_charge.refunded, true);
  assert.equal(canceled.latest_charge.captured, false);
  const totals = () => issuer('/totals');
  await until(async () => JSON.stringify(await totals()).length > 0, 5000, 'the issuer');
  const error = await stripe.paymentIntents.confirm(held.id).catch((e) => e);
  assert.equal(error.code, 'payment_intent_unexpected_state');
  assert.equal(error.payment_intent.status, 'canceled');
});

test('a payment that the policy holds back is refused and never reaches the acquirer', async () => {
  const before = JSON.stringify(await issuer('/totals'));
  const error = await strict().paymentIntents.create({ amount: 2000, currency: 'eur', payment_method: 'pm_card_visa', confirm: true }).catch((e) => e);
  assert.equal(error.statusCode, 402);
  assert.equal(error.code, 'authentication_required');
  assert.equal(error.payment_intent.status, 'requires_payment_method');
  assert.equal(JSON.stringify(await issuer('/totals')), before);
});

test('a card that must authenticate does so under every policy', async () => {
  const error = await confirmed('pm_card_authenticationRequired').catch((e) => e);
  assert.equal(error.code, 'authentication_required');
});

test('the same key and parameters give the stored answer, byte for byte', async () => {
  const options = { idempotencyKey: 'key-' + Math.random() };
  const parameters = { amount: 1500, currency: 'usd', payment_method: 'pm_card_visa', confirm: true };
  const first = await stripe.paymentIntents.create(parameters, options);
  const second = await stripe.paymentIntents.create(parameters, options);
  assert.equal(second.id, first.id);
  assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal(second.lastResponse.headers['original-request'], first.lastResponse.requestId);
  const error = await stripe.paymentIntents.create({ ...parameters, amount: 1501 }, options).catch((e) => e);
  assert.equal(error.type, 'StripeIdempotencyError');
  assert.match(error.message, /Keys for idempotent requests can only be used with the same parameters they were first used with/);
  const elsewhere = await stripe.paymentIntents.cancel(first.id, {}, options).catch((e) => e);
  assert.match(elsewhere.message, /can only be used for the same endpoint they were first used for/);
});

test('a stored decline is replayed', async () => {
  const options = { idempotencyKey: 'key-' + Math.random() };
  const call = () => stripe.paymentIntents.create({ amount: 1500, currency: 'usd', payment_method: 'pm_card_chargeDeclined', confirm: true }, options).catch((e) => e);
  const [first, second] = [await call(), await call()];
  assert.equal(first.code, 'card_declined');
  assert.equal(second.payment_intent.id, first.payment_intent.id);
  assert.equal(second.headers['idempotent-replayed'], 'true');
});

test('twenty parallel confirms of one payment make one authorization', async () => {
  const intent = await stripe.paymentIntents.create({ amount: 3300, currency: 'eur', payment_method: 'pm_card_visa' });
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => stripe.paymentIntents.confirm(intent.id)));
  const paid = results.filter((r) => r.status === 'fulfilled');
  assert.equal(paid.length, 1);
  for (const { reason } of results.filter((r) => r.status === 'rejected')) assert.ok(['payment_intent_unexpected_state', 'lock_timeout'].includes(reason.code), reason.message);
  const events = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
  assert.equal(events.amount_received, 3300);
});

test('a shopper pays with the publishable key and the client secret, and sees a reduced payment', async () => {
  const browser = publishable();
  const method = await browser.paymentMethods.create(card('4242424242424242'));
  assert.equal(method.card.fingerprint, undefined);
  const intent = await stripe.paymentIntents.create({ amount: 900, currency: 'eur', metadata: { secret: 'merchant only' } });
  const seen = await browser.paymentIntents.retrieve(intent.id, { client_secret: intent.client_secret });
  assert.equal(seen.metadata, undefined);
  assert.equal(seen.latest_charge, undefined);
  const wrong = await browser.paymentIntents.retrieve(intent.id, { client_secret: intent.id + '_secret_wrongwrongwrongwrongwrong' }).catch((e) => e);
  assert.equal(wrong.statusCode, 404);
  const paid = await browser.paymentIntents.confirm(intent.id, { client_secret: intent.client_secret, payment_method: method.id });
  assert.equal(paid.status, 'succeeded');
  const forbidden = await browser.paymentIntents.create({ amount: 900, currency: 'eur' }).catch((e) => e);
  assert.equal(forbidden.type, 'StripePermissionError');
  assert.equal(forbidden.code, 'secret_key_required');
});

test('another account sees nothing of a payment', async () => {
  const intent = await stripe.paymentIntents.create({ amount: 900, currency: 'eur' });
  const error = await strict().paymentIntents.retrieve(intent.id).catch((e) => e);
  assert.equal(error.statusCode, 404);
  assert.equal(error.code, 'resource_missing');
  assert.match(error.message, /No such payment_intent: 'pi_/);
});

test('keys that are missing, wrong or of the wrong kind are refused', async () => {
  const none = await request('GET', '/v1/payment_intents/pi_x', { key: null });
  assert.equal(none.status, 401);
  assert.equal(none.body.error.type, 'invalid_request_error');
  const unknown = await client('sk_test_0000000000000000000000000000000000000000').paymentIntents.retrieve('pi_x').catch((e) => e);
  assert.equal(unknown.type, 'StripeAuthenticationError');
  assert.match(unknown.message, /Invalid API Key provided: sk_test_\**0000/);
  const basic = await request('GET', '/v1/payment_intents/pi_x', { basic: true });
  assert.equal(basic.status, 404);
});

test('older API versions are answered in their own shape', async () => {
  const old = relaxed({ apiVersion: '2025-03-31.basil' });
  const paid = await old.paymentIntents.create({ amount: 700, currency: 'eur', payment_method: 'pm_card_visa', payment_method_types: ['card'], confirm: true });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.lastResponse.apiVersion, '2025-03-31.basil');
  const error = await relaxed({ apiVersion: '1999-01-01' }).paymentIntents.retrieve(paid.id).catch((e) => e);
  assert.match(error.message, /Invalid Stripe API version/);
});
