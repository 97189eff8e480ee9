// The checker of answers itself: what it takes and what it refuses.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { relaxed, request, top } from '../lib/sandbox.mjs';
import { checked, faults, note, takeFaults } from '../lib/types.mjs';

const Stripe = createRequire(top + '/build/node/')('stripe');
const plain = (object) => JSON.parse(JSON.stringify(object));
const stripe = relaxed();
const paid = plain(await stripe.paymentIntents.create({ amount: 2000, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, metadata: { order: '17' }, expand: ['latest_charge'] }));
const charge = paid.latest_charge;
const refund = {
  id: 're_1', object: 'refund', amount: 100, balance_transaction: 'txn_1', charge: 'ch_1', created: 1790000000, currency: 'eur', customer: null, customer_account: null, metadata: {},
  payment_intent: 'pi_1', payment_method: 'pm_1', reason: 'duplicate', receipt_number: null, source_transfer_reversal: null, status: 'succeeded', transfer_reversal: null,
};
const event = {
  id: 'evt_1', object: 'event', api_version: Stripe.API_VERSION, created: 1790000000, livemode: false, pending_webhooks: 0, request: { id: null, idempotency_key: null }, type: 'charge.succeeded',
  data: { object: charge }, sequence: 1,
};
// A copy with a change made by `edit`.
const edited = (object, edit) => {
  const copy = structuredClone(object);
  edit(copy);
  return copy;
};
const found = (object, edit, options) => faults(edited(object, edit), options);

test('a payment, a refund, an event, a list and a deleted customer pass as they are', () => {
  for (const object of [paid, charge, refund, event, { object: 'list', data: [refund], has_more: false, url: '/v1/refunds' }, { id: 'cus_1', object: 'customer', deleted: true }])
    assert.deepEqual(faults(object), []);
});

test('a field that is always sent cannot be missing, at any depth', () => {
  assert.deepEqual(found(paid, (o) => delete o.amount), ['amount: expected number, got nothing']);
  assert.deepEqual(found(paid, (o) => delete o.next_action), ['next_action: expected object or null, got nothing']);
  assert.deepEqual(found(paid, (o) => delete o.latest_charge.outcome.type), ['latest_charge.outcome.type: expected string, got nothing']);
});

test('a field that need not be sent may be missing', () => {
  assert.deepEqual(found(refund, (o) => (o.description = 'Too much')), []);
  assert.deepEqual(found(charge, (o) => delete o.authorization_code), []);
});

test('null is refused where the types do not have it', () => {
  assert.deepEqual(found(paid, (o) => (o.amount = null)), ['amount: expected number, got null']);
  assert.deepEqual(found(paid, (o) => (o.metadata = null)), ['metadata: expected object, got null']);
  assert.deepEqual(found(refund, (o) => (o.description = null)), ['description: expected string, got null']);
});

test('a value that the SDK does not name is refused, also where it says that others may come', () => {
  assert.match(found(paid, (o) => (o.status = 'paid'))[0], /^status: expected one of .*"succeeded".*, got "paid"$/);
  assert.match(found(refund, (o) => (o.reason = 'boredom'))[0], /^reason: expected one of .*"duplicate".*, null, got "boredom"$/);
});

test('a value of another type is refused', () => {
  assert.deepEqual(found(paid, (o) => (o.amount = '2000')), ['amount: expected number, got "2000"']);
  assert.deepEqual(found(paid, (o) => (o.payment_method_types = 'card')), ['payment_method_types: expected array, got "card"']);
  assert.deepEqual(found(paid, (o) => (o.metadata.order = 17)), ['metadata.order: expected string, got 17']);
});

test('a field that the SDK does not know is refused, at any depth', () => {
  assert.deepEqual(found(paid, (o) => (o.colour = 'blue')), ['colour: expected no such field, got "blue"']);
  assert.deepEqual(found(paid, (o) => (o.latest_charge.payment_method_details.card.number = 1)), ['latest_charge.payment_method_details.card.number: expected no such field, got 1']);
});

test('the fields that this gateway adds are taken where they belong and nowhere else', () => {
  assert.deepEqual(found(charge, (o) => (o.authentication = { result: 'exempted' })), []);
  assert.deepEqual(found(refund, (o) => (o.authentication = {})), ['authentication: expected no such field, got {}']);
});

test('an expanded field holds the object that its type names', () => {
  assert.deepEqual(found(paid, (o) => (o.payment_method = refund)), ['payment_method.object: expected "payment_method", got "refund"']);
  assert.deepEqual(found(paid, (o) => (o.customer = { id: 'cus_1', object: 'customer', deleted: true })), []);
  assert.deepEqual(found(paid, (o) => (o.customer = { id: 'cus_1', object: 'customer', deleted: true, email: null })), ['customer.email: expected no such field, got null']);
});

test('objects in lists and events are looked at too', () => {
  const list = { object: 'list', data: [refund, edited(refund, (o) => (o.amount = 'all'))], has_more: false, url: '/v1/refunds' };
  assert.deepEqual(faults(list), ['data.1.amount: expected number, got "all"']);
  assert.deepEqual(found(event, (o) => (o.data.object.paid = 'yes')), ['data.object.paid: expected boolean, got "yes"']);
  assert.deepEqual(found(event, (o) => (o.data.object = refund)), ['data.object.object: expected "charge", got "refund"']);
  assert.match(found(event, (o) => (o.type = 'charge.vanished'))[0], /^type: expected one of .*, got "charge.vanished"$/);
});

test('an object of no kind that the SDK knows is refused', () => {
  assert.deepEqual(faults({ id: 'x_1', object: 'unicorn' }), ['object: expected a resource that the SDK knows, got "unicorn"']);
  assert.deepEqual(faults({ id: 'x_1' }), ['object: expected a resource that the SDK knows, got nothing']);
  assert.deepEqual(faults('OK'), ['the body: expected an object, got "OK"']);
});

test('an error and the payment within it are looked at', () => {
  const error = { error: { type: 'card_error', code: 'card_declined', message: 'Your card was declined.', payment_intent: paid } };
  assert.deepEqual(faults(error, { status: 402 }), []);
  assert.deepEqual(found(error, (o) => delete o.error.type, { status: 402 }).length, 1);
  assert.deepEqual(found(error, (o) => (o.error.payment_intent.amount = null), { status: 402 }), ['error.payment_intent.amount: expected number, got null']);
  assert.deepEqual(found(error, (o) => (o.error.reason = 'none'), { status: 402 }), ['error.reason: expected no such field, got "none"']);
  assert.deepEqual(faults({ error: 'access_denied' }, { status: 401 }), ['error: expected an object, got "access_denied"']);
});

test('the holder of a publishable key may get less of an object, but nothing else', () => {
  const reduced = { id: 'pi_1', object: 'payment_intent', amount: 2000, created: 1790000000, livemode: false, status: 'succeeded' };
  assert.deepEqual(faults(reduced, { publishable: true }), []);
  assert.ok(faults(reduced).length > 10);
  assert.deepEqual(faults({ ...reduced, amount: null, colour: 'blue' }, { publishable: true }).sort(), ['amount: expected number, got null', 'colour: expected no such field, got "blue"']);
});

test("a client's answers are noted, errors included, and older versions of the API are passed over", async () => {
  const answer = (status, body, version = Stripe.API_VERSION) => new Stripe('sk_test_x', { maxNetworkRetries: 0, httpClient: checked({
    makeRequest: async () => ({ getStatusCode: () => status, getHeaders: () => ({ 'stripe-version': version }), getRawResponse: () => ({}), toJSON: async () => structuredClone(body) }),
    getClientName: () => 'test',
  }) });
  const bad = edited(refund, (o) => (o.amount = null));
  await answer(200, refund).refunds.retrieve('re_1');
  assert.deepEqual(takeFaults(), []);
  await answer(200, bad).refunds.retrieve('re_1');
  assert.deepEqual(takeFaults(), ['GET /v1/refunds/re_1 answered 200: amount: expected number, got null']);
  await assert.rejects(answer(402, { error: { type: 'card_error', message: 'No', payment_intent: 7 } }).refunds.create({ charge: 'ch_1' }), { type: 'StripeCardError' });
  assert.deepEqual(takeFaults(), ['POST /v1/refunds answered 402: error.payment_intent: expected object, got 7']);
  await answer(200, bad, '2025-03-31.basil').refunds.retrieve('re_1');
  assert.deepEqual(takeFaults(), []);
});

test('an answer of the gateway to a bare request is checked as well', async () => {
  const { headers, body } = await request('GET', `/v1/payment_intents/${paid.id}`);
  assert.deepEqual(takeFaults(), []);
  note({ method: 'GET', path: '/v1/x?a=b', status: 200, headers, body: { ...body, colour: 'blue' } });
  assert.deepEqual(takeFaults(), ['GET /v1/x answered 200: colour: expected no such field, got "blue"']);
});

test('a test that gets a wrong answer fails, though it looks at nothing, and says what was wrong', () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const program = `
    import test from 'node:test';
    import '${top}/tests/lib/sandbox.mjs';
    import { note } from '${top}/tests/lib/types.mjs';
    test('bad', () => note({ method: 'GET', path: '/v1/x', status: 200, headers: {}, body: { object: 'unicorn' } }));
    test('good', () => {});`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--test-reporter=tap', '-e', program], { encoding: 'utf8', env });
  assert.equal(status, 1, stdout);
  assert.match(stdout, /^not ok 1 - bad$/m);
  assert.match(stdout, /GET \/v1\/x answered 200: object: expected a resource that the SDK knows, got "unicorn"/);
  assert.match(stdout, /^ok 2 - good$/m);
});
