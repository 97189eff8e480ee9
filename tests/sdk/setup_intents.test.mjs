// Cards set up for later, and their attempts, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { publishable, relaxed, request, sql, strict } from '../lib/sandbox.mjs';

const stripe = relaxed();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const plain = (object) => JSON.parse(JSON.stringify(object));
const numbered = (number) => ({ type: 'card', card: { number, exp_month: 12, exp_year: 2034, cvc: '123' } });
const attempts = async (intent, extra = {}) => (await stripe.setupAttempts.list({ setup_intent: intent.id, ...extra })).data;
const events = (id) => sql('gateway', `SELECT type FROM events WHERE object_id = '${id}' ORDER BY sequence`).map(([type]) => type);

test('a card is set up for a customer and charged off-session', async () => {
  const customer = await stripe.customers.create({ email: 'ann@example.com' });
  const intent = await stripe.setupIntents.create({ customer: customer.id, description: 'Monthly shoes', metadata: { order: '17' } });
  assert.match(intent.id, /^seti_[A-Za-z0-9]{24,}$/);
  assert.match(intent.client_secret, new RegExp(`^${intent.id}_secret_[A-Za-z0-9]{24,}$`));
  assert.equal(intent.status, 'requires_payment_method');
  assert.equal(intent.usage, 'off_session');
  assert.deepEqual(plain(intent.automatic_payment_methods), { allow_redirects: 'always', enabled: true });
  assert.deepEqual(plain(intent.payment_method_options), { card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' } });
  const method = await stripe.paymentMethods.create(numbered('4242424242424242'));
  const done = await stripe.setupIntents.confirm(intent.id, { payment_method: method.id, expand: ['payment_method', 'latest_attempt.setup_intent', 'customer'] });
  assert.equal(done.status, 'succeeded');
  assert.equal(done.payment_method.id, method.id);
  assert.equal(done.payment_method.customer, customer.id);
  assert.equal(done.payment_method.card.checks.cvc_check, 'pass');
  assert.equal(done.customer.id, customer.id);
  assert.equal(done.latest_attempt.status, 'succeeded');
  assert.equal(done.latest_attempt.setup_intent.id, intent.id);
  assert.equal(done.latest_attempt.payment_method_details.card.last4, '4242');
  assert.deepEqual(events(intent.id), ['setup_intent.created', 'setup_intent.succeeded']);
  assert.deepEqual(events(method.id), ['payment_method.attached']);
  const paid = await stripe.paymentIntents.create({ amount: 2000, currency: 'eur', customer: customer.id, payment_method: method.id, confirm: true, off_session: true });
  assert.equal(paid.status, 'succeeded');
});

test('a set-up is created and confirmed in one call', async () => {
  const customer = await stripe.customers.create();
  const done = await stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_mastercard', confirm: true, usage: 'on_session', return_url: 'https://shop.example/', mandate_data: { customer_acceptance: { type: 'offline' } } });
  assert.equal(done.status, 'succeeded');
  assert.equal(done.usage, 'on_session');
  assert.match(done.payment_method, /^pm_[A-Za-z0-9]+$/);
  assert.equal((await attempts(done))[0].usage, 'on_session');
  const raw = await stripe.setupIntents.create({ confirm: true, payment_method_data: numbered('5555555555554444') });
  assert.equal(raw.status, 'succeeded');
  assert.equal((await stripe.paymentMethods.retrieve(raw.payment_method)).customer, null);
});

test('a decline leaves the set-up to be tried with another card', async () => {
  const customer = await stripe.customers.create();
  const intent = await stripe.setupIntents.create({ customer: customer.id });
  const error = await failure(stripe.setupIntents.confirm(intent.id, { payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }));
  assert.equal(error.statusCode, 402);
  assert.equal(error.type, 'StripeCardError');
  assert.equal(error.code, 'card_declined');
  assert.equal(error.decline_code, 'insufficient_funds');
  const carried = error.raw.setup_intent;
  assert.equal(carried.status, 'requires_payment_method');
  assert.equal(carried.payment_method, null);
  assert.equal(carried.last_setup_error.decline_code, 'insufficient_funds');
  assert.equal(carried.last_setup_error.payment_method.id, error.raw.payment_method.id);
  assert.equal(error.raw.payment_method.customer, null);
  assert.deepEqual(plain(await stripe.setupIntents.retrieve(intent.id)), carried);
  const [failed] = await attempts(intent);
  assert.equal(failed.status, 'failed');
  assert.equal(failed.setup_error.decline_code, 'insufficient_funds');
  assert.equal(failed.customer, customer.id);
  assert.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 0);

  const data = await failure(stripe.setupIntents.confirm(intent.id, { payment_method_data: numbered('4242424242424241') }));
  assert.equal(data.code, 'incorrect_number');
  assert.equal(data.raw.setup_intent.id, intent.id);
  assert.equal(data.raw.payment_method, undefined);

  const done = await stripe.setupIntents.confirm(intent.id, { payment_method: 'pm_card_visa' });
  assert.equal(done.status, 'succeeded');
  assert.equal(done.last_setup_error, null);
  assert.deepEqual((await attempts(intent)).map((a) => a.status), ['succeeded', 'failed']);
  assert.deepEqual(events(intent.id), ['setup_intent.created', 'setup_intent.setup_failed', 'setup_intent.succeeded']);
});

for (const [name, method, code, decline] of [
  ['a card that asks for authentication', 'pm_card_authenticationRequired', 'authentication_required', 'authentication_required'],
  ['a card that is too risky', 'pm_card_radarBlock', 'card_declined', 'fraudulent'],
]) {
  test(`${name} is not set up`, async () => {
    const error = await failure(stripe.setupIntents.create({ payment_method: method, confirm: true }));
    assert.equal(error.statusCode, 402);
    assert.equal(error.code, code);
    assert.equal(error.decline_code, decline);
    assert.equal(error.raw.setup_intent.status, 'requires_payment_method');
    assert.equal((await attempts(error.raw.setup_intent))[0].status, 'failed');
  });
}

test('under a policy that authenticates always nothing is set up without it', async () => {
  const error = await failure(strict().setupIntents.create({ payment_method: 'pm_card_visa', confirm: true }));
  assert.equal(error.code, 'authentication_required');
});

test('a card that asks only until it is set up is set up again and charged off-session without being asked', async () => {
  const customer = await stripe.customers.create();
  assert.equal((await failure(stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_authenticationRequiredOnSetup', confirm: true }))).code, 'authentication_required');
  const method = await stripe.paymentMethods.attach('pm_card_authenticationRequiredOnSetup', { customer: customer.id });
  assert.equal((await stripe.setupIntents.create({ customer: customer.id, payment_method: method.id, confirm: true })).status, 'succeeded');
  const paid = await stripe.paymentIntents.create({ amount: 900, currency: 'eur', customer: customer.id, payment_method: method.id, confirm: true, off_session: true });
  assert.equal(paid.status, 'succeeded');
});

test('a set-up is changed until it has ended, and described afterwards', async () => {
  const [customer, other] = [await stripe.customers.create(), await stripe.customers.create()];
  const intent = await stripe.setupIntents.create({ metadata: { a: '1', b: '2' }, excluded_payment_method_types: ['alipay'] });
  assert.deepEqual(intent.excluded_payment_method_types, ['alipay']);
  const changed = await stripe.setupIntents.update(intent.id, {
    customer: customer.id, description: 'later', metadata: { a: '', c: '3' }, payment_method: 'pm_card_visa', allowed_payment_method_types: ['card'],
    payment_method_options: { card: { request_three_d_secure: 'any' } },
  });
  assert.equal(changed.status, 'requires_confirmation');
  assert.equal(changed.customer, customer.id);
  assert.deepEqual(plain(changed.metadata), { b: '2', c: '3' });
  assert.deepEqual(changed.allowed_payment_method_types, ['card']);
  assert.equal(changed.automatic_payment_methods, null);
  assert.equal(changed.payment_method_options.card.request_three_d_secure, 'any');
  assert.equal((await stripe.setupIntents.update(intent.id, { payment_method: '' })).status, 'requires_payment_method');
  const missing = await failure(stripe.setupIntents.confirm(intent.id));
  assert.equal(missing.code, 'setup_intent_unexpected_state');
  assert.match(missing.message, /missing a payment method/);
  const data = await stripe.setupIntents.update(intent.id, { payment_method_data: numbered('4242424242424242') });
  assert.equal((await stripe.setupIntents.confirm(intent.id)).payment_method, data.payment_method);
  for (const wrong of [{ customer: other.id }, { payment_method: 'pm_card_visa' }, { payment_method: '' }]) {
    const error = await failure(stripe.setupIntents.update(intent.id, wrong));
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, 'setup_intent_unexpected_state');
    assert.equal(error.raw.setup_intent.status, 'succeeded');
  }
  const described = await stripe.setupIntents.update(intent.id, { description: '', metadata: '' });
  assert.equal(described.description, null);
  assert.deepEqual(plain(described.metadata), {});
});

test('a set-up is canceled before it has ended, once', async () => {
  for (const [before, after] of [[{}, null], [{ payment_method: 'pm_card_visa' }, 'duplicate']]) {
    const intent = await stripe.setupIntents.create(before);
    const canceled = await stripe.setupIntents.cancel(intent.id, after ? { cancellation_reason: after } : {});
    assert.equal(canceled.status, 'canceled');
    assert.equal(canceled.cancellation_reason, after);
    for (const again of [() => stripe.setupIntents.cancel(intent.id), () => stripe.setupIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })]) {
      const error = await failure(again());
      assert.equal(error.code, 'setup_intent_unexpected_state');
      assert.match(error.message, /has a status of canceled/);
      assert.equal(error.raw.setup_intent.status, 'canceled');
    }
    assert.deepEqual(events(intent.id), ['setup_intent.created', 'setup_intent.canceled']);
  }
  const done = await stripe.setupIntents.create({ payment_method: 'pm_card_visa', confirm: true });
  assert.match((await failure(stripe.setupIntents.cancel(done.id))).message, /has a status of succeeded/);
  assert.match((await failure(stripe.setupIntents.confirm(done.id))).message, /already succeeded after being previously confirmed/);
});

test('a card belongs to one customer only', async () => {
  const [one, two] = [await stripe.customers.create(), await stripe.customers.create()];
  const kept = (await stripe.setupIntents.create({ customer: one.id, payment_method: 'pm_card_visa', confirm: true })).payment_method;
  for (const wrong of [{ customer: two.id }, {}]) assert.match((await failure(stripe.setupIntents.create({ payment_method: kept, ...wrong }))).message, /belongs to/);
  await stripe.paymentMethods.detach(kept);
  assert.match((await failure(stripe.setupIntents.create({ customer: one.id, payment_method: kept, confirm: true }))).message, /detached from a Customer/);
});

for (const [parameters, code, param] of [
  [{ customer: 'cus_none' }, 'resource_missing', 'customer'],
  [{ payment_method: 'pm_none' }, 'resource_missing', 'payment_method'],
  [{ payment_method: 'pm_card_unheard_of' }, 'resource_missing', 'payment_method'],
  [{ confirmation_token: 'ctoken_none' }, undefined, 'confirmation_token'],
  [{ confirmation_token: 'ctoken_none', confirm: true }, 'resource_missing', 'confirmation_token'],
  [{ single_use: { amount: 100, currency: 'eur' } }, 'parameter_unknown', 'single_use'],
  [{ confirm: true }, 'setup_intent_unexpected_state', 'payment_method'],
  [{ return_url: 'https://shop.example/' }, undefined, 'return_url'],
]) {
  test(`a set-up is refused for its ${param}: ${JSON.stringify(parameters)}`, async () => {
    const error = await failure(stripe.setupIntents.create(parameters));
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, code);
    assert.equal(error.param, param);
  });
}

test('a browser confirms with the client secret and sees a reduced set-up', async () => {
  const customer = await stripe.customers.create();
  const intent = await stripe.setupIntents.create({ customer: customer.id, metadata: { secret: 'x' } });
  const browser = publishable();
  const shown = ['automatic_payment_methods', 'cancellation_reason', 'client_secret', 'created', 'description', 'id', 'last_setup_error', 'livemode', 'next_action', 'object', 'payment_method', 'payment_method_types', 'status', 'usage'];
  assert.deepEqual(Object.keys(plain(await browser.setupIntents.retrieve(intent.id, { client_secret: intent.client_secret }))).sort(), shown);
  for (const wrong of [{}, { client_secret: intent.client_secret + 'x' }]) {
    for (const call of [() => browser.setupIntents.retrieve(intent.id, wrong), () => browser.setupIntents.confirm(intent.id, { payment_method: 'pm_card_visa', ...wrong })]) {
      const error = await failure(call());
      assert.equal(error.statusCode, 404);
      assert.equal(error.code, 'resource_missing');
      assert.equal(error.message, `No such setupintent: '${intent.id}'`);
      assert.equal(error.raw.setup_intent, undefined);
    }
  }
  const declined = await failure(browser.setupIntents.confirm(intent.id, { client_secret: intent.client_secret, payment_method_data: numbered('4000000000000002') }));
  assert.equal(declined.code, 'card_declined');
  assert.deepEqual(Object.keys(declined.raw.setup_intent).sort(), shown);
  assert.equal(declined.raw.payment_method.card.fingerprint, undefined);
  const done = await browser.setupIntents.confirm(intent.id, { client_secret: intent.client_secret, payment_method_data: numbered('4242424242424242'), expand: ['payment_method'] });
  assert.equal(done.status, 'succeeded');
  assert.deepEqual(Object.keys(plain(done)).sort(), shown);
  assert.equal(done.payment_method.card.fingerprint, undefined);
  assert.equal((await browser.setupIntents.retrieve(intent.id, { client_secret: intent.client_secret })).status, 'succeeded');
  assert.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 1);
  for (const call of [() => browser.setupIntents.create({}), () => browser.setupIntents.cancel(intent.id), () => browser.setupIntents.list(), () => browser.setupAttempts.list({ setup_intent: intent.id })])
    assert.equal((await failure(call())).code, 'secret_key_required');
});

test('set-ups are listed by customer, card and time, and attempts by set-up', async () => {
  const customer = await stripe.customers.create();
  const made = [];
  for (let i = 0; i < 3; i++) made.unshift(await stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_visa', confirm: i > 0 }));
  const ids = async (filter) => (await stripe.setupIntents.list(filter)).data.map((s) => s.id);
  assert.deepEqual(await ids({ customer: customer.id }), made.map((s) => s.id));
  assert.deepEqual(await ids({ payment_method: made[1].payment_method }), [made[1].id]);
  assert.deepEqual(await ids({ customer: customer.id, created: { gt: made[0].created } }), []);
  const page = await stripe.setupIntents.list({ customer: customer.id, limit: 2, expand: ['data.latest_attempt', 'data.payment_method'] });
  assert.equal(page.url, '/v1/setup_intents');
  assert.equal(page.has_more, true);
  assert.equal(page.data[0].latest_attempt.status, 'succeeded');
  assert.equal(page.data[0].payment_method.customer, customer.id);
  assert.deepEqual(await ids({ customer: customer.id, starting_after: made[1].id }), [made[2].id]);

  const [attempt] = await attempts(made[0], { expand: ['data.setup_intent', 'data.payment_method', 'data.customer'], created: { gte: made[0].created } });
  assert.match(attempt.id, /^setatt_[A-Za-z0-9]{24,}$/);
  assert.equal(attempt.setup_intent.id, made[0].id);
  assert.equal(attempt.payment_method.id, made[0].payment_method);
  assert.equal(attempt.customer.id, customer.id);
  assert.deepEqual(await attempts(made[2]), []);
  const missing = await failure(stripe.setupAttempts.list({ setup_intent: 'seti_none' }));
  assert.equal(missing.statusCode, 400);
  assert.equal(missing.code, 'resource_missing');
  assert.equal(missing.param, 'setup_intent');
  assert.equal((await request('GET', '/v1/setup_attempts')).body.error.code, 'parameter_missing');
});

test('another account sees none of it', async () => {
  const done = await stripe.setupIntents.create({ payment_method: 'pm_card_visa', confirm: true });
  const other = strict().setupIntents;
  for (const call of [() => other.retrieve(done.id), () => other.update(done.id, { description: 'x' }), () => other.confirm(done.id), () => other.cancel(done.id)]) {
    const error = await failure(call());
    assert.equal(error.statusCode, 404);
    assert.equal(error.code, 'resource_missing');
  }
  assert.equal((await failure(strict().setupAttempts.list({ setup_intent: done.id }))).statusCode, 400);
});

test('a repeated request under one key sets up once, and a decline is repeated too', async () => {
  const key = `k-${Math.random()}`;
  const parameters = { payment_method: 'pm_card_visa', confirm: true };
  const one = await stripe.setupIntents.create(parameters, { idempotencyKey: key });
  const two = await stripe.setupIntents.create(parameters, { idempotencyKey: key });
  assert.equal(one.id, two.id);
  assert.equal(two.lastResponse.headers['idempotent-replayed'], 'true');
  const declined = `d-${Math.random()}`;
  const refused = { payment_method: 'pm_card_chargeDeclined', confirm: true };
  const first = await failure(stripe.setupIntents.create(refused, { idempotencyKey: declined }));
  const again = await failure(stripe.setupIntents.create(refused, { idempotencyKey: declined }));
  assert.equal(again.raw.setup_intent.id, first.raw.setup_intent.id);
});

for (const same of [true, false]) {
  test(`twenty confirmations at once under ${same ? 'one key' : 'a key each'} ask the bank once`, async () => {
    const customer = await stripe.customers.create();
    const intent = await stripe.setupIntents.create({ customer: customer.id });
    const confirm = (i) => stripe.setupIntents.confirm(intent.id, { payment_method: 'pm_card_visa' }, { idempotencyKey: `${intent.id}-${same ? 0 : i}` });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => confirm(i)));
    const done = outcomes.filter((o) => o.status === 'fulfilled');
    assert.ok(same ? done.length >= 1 : done.length === 1);
    for (const { reason } of outcomes.filter((o) => o.status === 'rejected'))
      assert.ok(same ? reason.code === 'idempotency_key_in_use' : ['setup_intent_unexpected_state', 'lock_timeout'].includes(reason.code), reason.message);
    assert.equal((await attempts(intent)).length, 1);
    assert.equal(sql('gateway', `SELECT count(*) FROM acquirer_requests WHERE document -> 'detail' ->> 'setup_intent' = '${intent.id}'`)[0][0], '1');
    assert.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 1);
  });
}
