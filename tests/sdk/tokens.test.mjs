// Tokens, confirmation tokens and ephemeral keys, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { client, form, publishable, relaxed, request, sandbox, sql, strict } from '../lib/sandbox.mjs';

const stripe = relaxed();
const browser = publishable();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const card = { number: '4242424242424242', exp_month: 12, exp_year: 2034, cvc: '123' };
const token = (extra = {}, by = stripe) => by.tokens.create({ card: { ...card, ...extra } });
const intent = (extra = {}) => stripe.paymentIntents.create({ amount: 2000, currency: 'eur', ...extra });
const version = '2026-10-28.endive';
const browserKey = sandbox().accounts.relaxed.publishable_key;

test('a token of a card is made, read and used once', async () => {
  const made = await token({ name: 'Jenny Rosen', address_line1: 'Invalidenstr. 1', address_zip: '10115', address_country: 'DE' });
  assert.match(made.id, /^tok_[A-Za-z0-9]{24,}$/);
  assert.equal(made.type, 'card');
  assert.equal(made.used, false);
  assert.equal(made.client_ip, '127.0.0.1');
  assert.match(made.card.id, /^card_/);
  assert.equal(made.card.last4, '4242');
  assert.equal(made.card.cvc_check, 'unchecked');
  assert.equal(made.card.address_line1_check, 'unchecked');
  assert.equal(made.card.name, 'Jenny Rosen');
  assert.ok(made.card.fingerprint);
  assert.ok(!JSON.stringify(made).includes('4242424242424242'));

  const method = await stripe.paymentMethods.create({ type: 'card', card: { token: made.id } });
  assert.equal(method.card.fingerprint, made.card.fingerprint);
  assert.equal(method.billing_details.name, 'Jenny Rosen');
  assert.equal(method.billing_details.address.postal_code, '10115');
  assert.equal((await stripe.tokens.retrieve(made.id)).used, true);
  const error = await failure(stripe.paymentMethods.create({ type: 'card', card: { token: made.id } }));
  assert.equal(error.statusCode, 400);
  assert.equal(error.code, 'token_already_used');
  assert.equal(error.param, 'card[token]');
  const paid = await intent({ payment_method: method.id, confirm: true, expand: ['latest_charge'] });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.latest_charge.payment_method_details.card.checks.cvc_check, 'pass', 'the security code came through');
});

test('a browser makes a token, sees no fingerprint, and the server pays with it', async () => {
  const made = await token({}, browser);
  assert.equal(made.card.fingerprint, undefined);
  assert.equal((await failure(browser.tokens.retrieve(made.id))).statusCode, 403);
  const paid = await intent({ confirm: true, payment_method_data: { type: 'card', card: { token: made.id } } });
  assert.equal(paid.status, 'succeeded');
  assert.equal((await stripe.tokens.retrieve(made.id)).used, true);
});

test('a token without a security code says that there is none to check', async () => {
  const made = await stripe.tokens.create({ card: { number: card.number, exp_month: 1, exp_year: 2035 } });
  assert.equal(made.card.cvc_check, null);
  assert.equal(made.card.address_zip_check, null);
});

for (const [given, code, param] of [
  [{ number: '4242424242424241' }, 'incorrect_number', 'number'],
  [{ number: 'abcd' }, 'invalid_number', 'number'],
  [{ exp_month: 13 }, 'invalid_expiry_month', 'exp_month'],
  [{ exp_year: 1999 }, 'invalid_expiry_year', 'exp_year'],
  [{ cvc: '99' }, 'invalid_cvc', 'cvc'],
]) {
  test(`a token is refused for its ${param}: ${code}`, async () => {
    const error = await failure(token(given));
    assert.equal(error.statusCode, 402);
    assert.equal(error.type, 'StripeCardError');
    assert.equal(error.code, code);
    assert.equal(error.param, param);
  });
}

test('tokens that are not there are not found', async () => {
  assert.equal((await failure(stripe.tokens.retrieve('tok_none'))).statusCode, 404);
  const error = await failure(stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_none' } }));
  assert.equal(error.statusCode, 400);
  assert.equal(error.code, 'resource_missing');
  assert.match(error.message, /^No such token: 'tok_none'/);
  const others = await token({}, strict());
  assert.equal((await failure(stripe.tokens.retrieve(others.id))).statusCode, 404);
});

test('the sandbox knows tokens by name, and each use makes a new card', async () => {
  for (let i = 0; i < 2; ++i) assert.equal((await intent({ confirm: true, payment_method_data: { type: 'card', card: { token: 'tok_visa' } } })).status, 'succeeded');
  const declined = await failure(intent({ confirm: true, payment_method_data: { type: 'card', card: { token: 'tok_chargeDeclined' } } }));
  assert.equal(declined.statusCode, 402);
  assert.equal(declined.code, 'card_declined');
  assert.equal(declined.decline_code, 'generic_decline');
});

test('of twenty uses of one token at the same time one succeeds', async () => {
  const made = await token();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => stripe.paymentMethods.create({ type: 'card', card: { token: made.id } }).then(() => 'made', (error) => error.code)));
  assert.equal(outcomes.filter((one) => one === 'made').length, 1);
  assert.equal(outcomes.filter((one) => one === 'token_already_used').length, 19);
});

test('a security code that came alone is checked with the payment', async () => {
  const customer = await stripe.customers.create({});
  const kept = await intent({ customer: customer.id, payment_method: 'pm_card_visa', confirm: true, setup_future_usage: 'off_session' });
  const code = await browser.tokens.create({ cvc_update: { cvc: '314' } });
  assert.equal(code.type, 'cvc_update');
  assert.equal(code.card, undefined);
  const paid = await intent({ customer: customer.id, payment_method: kept.payment_method, confirm: true, payment_method_options: { card: { cvc_token: code.id } }, expand: ['latest_charge'] });
  assert.equal(paid.latest_charge.payment_method_details.card.checks.cvc_check, 'pass');
  assert.equal(paid.payment_method_options.card.cvc_token, undefined);
  const without = await intent({ customer: customer.id, payment_method: kept.payment_method, confirm: true, expand: ['latest_charge'] });
  assert.equal(without.latest_charge.payment_method_details.card.checks.cvc_check, null);
  const error = await failure(intent({ payment_method: 'pm_card_visa', confirm: true, payment_method_options: { card: { cvc_token: code.id } } }));
  assert.equal(error.code, 'token_already_used');
  assert.equal(error.param, 'payment_method_options[card][cvc_token]');
  assert.equal((await failure(browser.tokens.create({ cvc_update: { cvc: '12' } }))).code, 'invalid_cvc');
  assert.deepEqual(sql('gateway', `SELECT count(*) FROM tokens WHERE document::text LIKE '%314%' AND id = '${code.id}'`), [['0']]);
});

test('a token of a bank account shows its last four characters only', async () => {
  const made = await stripe.tokens.create({ bank_account: { country: 'US', currency: 'usd', account_holder_name: 'Jenny Rosen', account_holder_type: 'individual', routing_number: '110000000', account_number: '000123456789' } });
  assert.equal(made.type, 'bank_account');
  assert.match(made.bank_account.id, /^ba_/);
  assert.equal(made.bank_account.last4, '6789');
  assert.equal(made.bank_account.status, 'new');
  assert.equal(made.bank_account.routing_number, '110000000');
  assert.ok(!JSON.stringify(made).includes('00123456789'));
  assert.deepEqual(sql('gateway', `SELECT count(*) FROM tokens WHERE document::text LIKE '%00123456789%'`), [['0']]);
  const error = await failure(stripe.tokens.create({ bank_account: { country: 'US', currency: 'usd', routing_number: '110000001', account_number: '000123456789' } }));
  assert.equal(error.code, 'routing_number_invalid');
  assert.equal((await failure(stripe.paymentMethods.create({ type: 'card', card: { token: made.id } }))).statusCode, 400, 'it is no card');
});

for (const parameters of [{}, { card, cvc_update: { cvc: '123' } }, { pii: { id_number: '1' } }, { account: {} , person: {} }]) {
  test(`a token of ${Object.keys(parameters).join(' and ') || 'nothing'} is refused`, async () => {
    assert.equal((await request('POST', '/v1/tokens', { body: form(Object.fromEntries(Object.entries(parameters).flatMap(([key, value]) => Object.entries(value).map(([name, text]) => [`${key}[${name}]`, text])))) })).status, 400);
  });
}

// — confirmation tokens —

const confirmationToken = (extra = {}) => stripe.testHelpers.confirmationTokens.create({ payment_method_data: { type: 'card', card: { token: 'tok_visa' } }, ...extra });

test('a confirmation token pays once, and what the confirmation says goes before it', async () => {
  const made = await confirmationToken({ return_url: 'https://shop.example/token', setup_future_usage: 'off_session', shipping: { name: 'By token', address: { line1: 'A', country: 'DE' } } });
  assert.match(made.id, /^ctoken_/);
  assert.equal(made.expires_at, made.created + 12 * 3600);
  assert.equal(made.payment_intent, null);
  assert.equal(made.payment_method_preview.type, 'card');
  assert.equal(made.payment_method_preview.card.last4, '4242');
  assert.equal(made.shipping.name, 'By token');
  assert.equal(made.return_url, 'https://shop.example/token');

  const open = await intent();
  const paid = await stripe.paymentIntents.confirm(open.id, { confirmation_token: made.id, shipping: { name: 'By request', address: { line1: 'B' } } });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.shipping.name, 'By request');
  assert.equal(paid.setup_future_usage, 'off_session');
  assert.equal((await stripe.confirmationTokens.retrieve(made.id)).payment_intent, open.id);
  const error = await failure(stripe.paymentIntents.confirm((await intent()).id, { confirmation_token: made.id }));
  assert.equal(error.statusCode, 400);
  assert.equal(error.code, 'token_already_used');
  assert.equal(error.param, 'confirmation_token');
  assert.equal((await failure(intent({ confirm: true, confirmation_token: 'ctoken_none' }))).code, 'resource_missing');
  assert.equal((await failure(intent({ confirmation_token: made.id }))).param, 'confirmation_token');
});

test('a card is set up with a confirmation token, once', async () => {
  const customer = await stripe.customers.create({});
  const open = await stripe.setupIntents.create({ customer: customer.id });
  const made = await confirmationToken({ return_url: 'https://shop.example/token' });
  const done = await stripe.setupIntents.confirm(open.id, { confirmation_token: made.id });
  assert.equal(done.status, 'succeeded');
  assert.deepEqual((await stripe.customers.listPaymentMethods(customer.id)).data.map((one) => one.id), [done.payment_method]);
  const used = await stripe.confirmationTokens.retrieve(made.id);
  assert.equal(used.setup_intent, open.id);
  assert.equal(used.payment_intent, null);
  for (const again of [() => stripe.setupIntents.create({ confirm: true, confirmation_token: made.id }), () => intent({ confirm: true, confirmation_token: made.id })]) {
    const error = await failure(again());
    assert.equal(error.code, 'token_already_used');
    assert.equal(error.param, 'confirmation_token');
  }
  const second = await confirmationToken();
  const at_once = await stripe.setupIntents.create({ customer: customer.id, confirm: true, confirmation_token: second.id });
  assert.equal(at_once.status, 'succeeded');
  assert.equal((await stripe.confirmationTokens.retrieve(second.id)).setup_intent, at_once.id);
});

test('a payment is made and confirmed with a confirmation token at once', async () => {
  const customer = await stripe.customers.create({});
  const first = await intent({ customer: customer.id, confirm: true, confirmation_token: (await confirmationToken({ setup_future_usage: 'off_session' })).id });
  assert.equal(first.status, 'succeeded');
  assert.deepEqual((await stripe.customers.listPaymentMethods(customer.id)).data.map((one) => one.id), [first.payment_method]);
  const saved = await stripe.testHelpers.confirmationTokens.create({ payment_method: first.payment_method, expand: ['payment_method_preview.customer'] });
  assert.equal(saved.payment_method_preview.customer.id, customer.id);
  const second = await intent({ customer: customer.id, confirm: true, confirmation_token: saved.id });
  assert.equal(second.payment_method, first.payment_method);
});

test('a page makes a confirmation token with its publishable key', async () => {
  const body = form({
    'payment_method_data[type]': 'card', 'payment_method_data[card][number]': card.number, 'payment_method_data[card][exp_month]': '12', 'payment_method_data[card][exp_year]': '2034',
    'payment_method_data[card][cvc]': '123', 'mandate_data[customer_acceptance][type]': 'online', 'mandate_data[customer_acceptance][online][ip_address]': '192.0.2.1',
    return_url: 'https://shop.example/', 'client_context[mode]': 'payment', guid: 'x', payment_user_agent: 'page', key: browserKey,
  });
  const made = await request('POST', '/v1/confirmation_tokens', { key: null, body, headers: { Origin: 'https://shop.example' } });
  assert.equal(made.status, 200, made.text);
  assert.equal(made.headers['access-control-allow-origin'], '*');
  assert.equal(made.body.payment_method_preview.card.fingerprint, undefined);
  assert.equal(made.body.mandate_data.customer_acceptance.online.ip_address, '192.0.2.1');
  assert.equal((await intent({ confirm: true, confirmation_token: made.body.id })).status, 'succeeded');

  assert.equal((await request('POST', '/v1/confirmation_tokens', { body: body.replace(/&key=[^&]*/, '') })).status, 403, 'a secret key has no business there');
  assert.equal((await request('GET', `/v1/confirmation_tokens/${made.body.id}`, { key: browserKey })).status, 403);
  const preflight = await request('OPTIONS', '/v1/confirmation_tokens', { key: null, headers: { Origin: 'https://shop.example' } });
  assert.equal(preflight.headers['access-control-allow-origin'], '*');
});

// — ephemeral keys —

const ephemeral = (customer, options = { apiVersion: version }) => stripe.ephemeralKeys.create({ customer }, options);

test('an ephemeral key reaches its own customer and nothing else', async () => {
  const [mine, other] = await Promise.all([stripe.customers.create({ name: 'Mine' }), stripe.customers.create({ name: 'Other' })]);
  const kept = (await intent({ customer: mine.id, payment_method: 'pm_card_visa', confirm: true, setup_future_usage: 'off_session' })).payment_method;
  const foreign = (await intent({ customer: other.id, payment_method: 'pm_card_visa', confirm: true, setup_future_usage: 'off_session' })).payment_method;
  const made = await ephemeral(mine.id);
  assert.match(made.secret, /^ek_test_/);
  assert.equal(made.expires, made.created + 3600);
  assert.deepEqual(made.associated_objects.map((one) => ({ ...one })), [{ id: mine.id, type: 'customer' }]);

  const ask = (method, path, body) => request(method, path, { key: made.secret, body });
  assert.equal((await ask('GET', `/v1/customers/${mine.id}`)).body.name, 'Mine');
  assert.deepEqual((await ask('GET', `/v1/payment_methods?customer=${mine.id}&type=card`)).body.data.map((one) => one.id), [kept]);
  const shown = await ask('GET', `/v1/payment_methods/${kept}`);
  assert.equal(shown.status, 200);
  assert.equal(shown.body.card.fingerprint, undefined, 'for secret keys only');
  const fresh = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_mastercard' } });
  assert.equal((await ask('POST', `/v1/payment_methods/${fresh.id}/attach`, { customer: mine.id })).status, 200);
  assert.equal((await ask('POST', `/v1/payment_methods/${fresh.id}/detach`)).status, 200);

  for (const [method, path, body] of [
    ['GET', `/v1/customers/${other.id}`], ['GET', `/v1/customers/${other.id}/payment_methods`], ['GET', `/v1/payment_methods?customer=${other.id}`], ['GET', '/v1/payment_methods'],
    ['GET', `/v1/payment_methods/${foreign}`], ['GET', '/v1/payment_methods/pm_none'], ['POST', `/v1/payment_methods/${foreign}/detach`], ['POST', `/v1/payment_methods/${kept}/attach`, { customer: other.id }],
    ['GET', '/v1/customers'], ['POST', `/v1/customers/${mine.id}`, { name: 'x' }], ['DELETE', `/v1/customers/${mine.id}`], ['POST', `/v1/payment_methods/${kept}`, { 'metadata[a]': 'b' }],
    ['POST', '/v1/payment_intents', { amount: '100', currency: 'eur' }], ['GET', '/v1/balance'], ['POST', '/v1/ephemeral_keys', { customer: mine.id }], ['POST', '/v1/tokens', { 'cvc_update[cvc]': '123' }],
  ]) {
    const refused = await ask(method, path, body);
    assert.equal(refused.status, 403, `${method} ${path}: ${refused.text}`);
  }
  assert.equal((await stripe.paymentMethods.retrieve(foreign)).customer, other.id);

  const ended = await stripe.ephemeralKeys.del(made.id);
  assert.equal(ended.id, made.id);
  assert.equal(ended.secret, undefined);
  assert.equal((await ask('GET', `/v1/customers/${mine.id}`)).status, 401);
  assert.equal((await failure(stripe.ephemeralKeys.del(made.id))).statusCode, 404);
});

test('an ephemeral key needs its version said and its customer known, and is the same when asked for again', async () => {
  const customer = await stripe.customers.create({});
  assert.equal((await request('POST', '/v1/ephemeral_keys', { body: { customer: customer.id } })).status, 400, 'without a Stripe-Version header');
  const error = await failure(ephemeral('cus_none'));
  assert.equal(error.statusCode, 400);
  assert.equal(error.code, 'resource_missing');
  assert.equal(error.param, 'customer');
  const key = `ek-${Math.random()}`;
  const [first, again] = [await ephemeral(customer.id, { apiVersion: version, idempotencyKey: key }), await ephemeral(customer.id, { apiVersion: version, idempotencyKey: key })];
  assert.deepEqual(JSON.parse(JSON.stringify(first)), JSON.parse(JSON.stringify(again)));
  const secret = first.secret.slice(-38, -6);
  assert.deepEqual(sql('gateway', `SELECT (SELECT count(*) FROM ephemeral_keys WHERE document::text LIKE '%${secret}%') + (SELECT count(*) FROM idempotency_keys WHERE body LIKE '%${secret}%')`), [['0']]);
  assert.equal((await failure(client(first.secret.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a'))).customers.retrieve(customer.id))).statusCode, 401);
});
