// Customers, their saved cards, and lists, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { client, publishable, relaxed, request, sandbox, sql, strict } from '../lib/sandbox.mjs';

const stripe = relaxed();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const unique = () => `mail-${Math.random().toString(36).slice(2)}@example.com`;
const plain = (object) => JSON.parse(JSON.stringify(object));
const paidBy = (customer, extra = {}) => stripe.paymentIntents.create({ amount: 2000, currency: 'eur', payment_method: 'pm_card_visa', customer, confirm: true, ...extra });

test('a customer is created, read, changed and deleted', async () => {
  const email = unique();
  const made = await stripe.customers.create({
    email, name: 'Ann Übel', phone: '+351 1', description: 'regular', metadata: { tier: 'gold', '6735': 'x' },
    address: { line1: 'Rua 1', city: 'Lisboa', country: 'PT' }, preferred_locales: ['pt', 'en'],
    shipping: { name: 'Ann', address: { line1: 'Rua 2' } }, tax_exempt: 'none',
  });
  assert.match(made.id, /^cus_[A-Za-z0-9]{24,}$/);
  assert.equal(made.name, 'Ann Übel');
  assert.deepEqual(plain(made.metadata), { tier: 'gold', 6735: 'x' });
  assert.equal(made.address.line2, null);
  assert.equal(made.shipping.address.line1, 'Rua 2');
  assert.deepEqual(made.preferred_locales, ['pt', 'en']);
  assert.equal(made.invoice_settings.default_payment_method, null);
  assert.deepEqual(plain(await stripe.customers.retrieve(made.id)), plain(made));

  const changed = await stripe.customers.update(made.id, { name: '', metadata: { tier: '', extra: '1' }, shipping: '' });
  assert.equal(changed.name, null);
  assert.equal(changed.shipping, null);
  assert.equal(changed.email, email);
  assert.deepEqual(plain(changed.metadata), { 6735: 'x', extra: '1' });
  assert.deepEqual(plain((await stripe.customers.update(made.id, { metadata: '' })).metadata), {});

  assert.deepEqual(plain(await stripe.customers.del(made.id)), { id: made.id, object: 'customer', deleted: true });
  assert.deepEqual(plain(await stripe.customers.retrieve(made.id)), { id: made.id, object: 'customer', deleted: true });
  assert.equal((await failure(stripe.customers.update(made.id, { name: 'x' }))).statusCode, 404);
  const error = await failure(paidBy(made.id));
  assert.equal(error.statusCode, 400);
  assert.equal(error.code, 'resource_missing');
  assert.equal(error.param, 'customer');
});

test('what happens to a customer is told in events, with what changed', async () => {
  const made = await stripe.customers.create({ name: 'A', metadata: { k: '1' } });
  await stripe.customers.update(made.id, { name: 'B', metadata: { k: '2' } });
  await stripe.customers.update(made.id, { name: 'B' });
  await stripe.customers.del(made.id);
  const rows = sql('gateway', `SELECT type, previous FROM events WHERE object_id = '${made.id}' ORDER BY sequence`);
  assert.deepEqual(rows.map(([type]) => type), ['customer.created', 'customer.updated', 'customer.deleted']);
  assert.deepEqual(JSON.parse(rows[1][1]), { name: 'A', metadata: { k: '1' } });
});

for (const [parameters, code, param] of [
  [{ email: 'not a mail' }, 'email_invalid', 'email'],
  [{ name: 'x'.repeat(257) }, undefined, 'name'],
  [{ phone: '1'.repeat(21) }, undefined, 'phone'],
  [{ shipping: { name: 'x' } }, 'parameter_missing', 'shipping[address]'],
  [{ invoice_settings: { default_payment_method: 'pm_none' } }, 'resource_missing', 'invoice_settings[default_payment_method]'],
  [{ source: 'tok_visa' }, 'parameter_unknown', 'source'],
  [{ shoes: 'x' }, 'parameter_unknown', 'shoes'],
]) {
  test(`a customer is refused for its ${param}`, async () => {
    const error = await failure(stripe.customers.create(parameters));
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, code);
    assert.equal(error.param, param);
  });
}

test('a card that was paid with for later use is kept by the customer and charged again', async () => {
  const customer = await stripe.customers.create({ email: unique() });
  const first = await paidBy(customer.id, { setup_future_usage: 'off_session', expand: ['customer', 'payment_method.customer'] });
  assert.equal(first.status, 'succeeded');
  assert.equal(first.customer.id, customer.id);
  assert.equal(first.payment_method.customer.email, customer.email);
  const kept = first.payment_method.id;
  assert.deepEqual((await stripe.customers.listPaymentMethods(customer.id)).data.map((m) => m.id), [kept]);
  assert.equal((await stripe.customers.retrievePaymentMethod(customer.id, kept)).id, kept);
  const second = await stripe.paymentIntents.create({ amount: 500, currency: 'eur', customer: customer.id, payment_method: kept, confirm: true, off_session: true });
  assert.equal(second.status, 'succeeded');
  assert.equal(second.payment_method, kept);

  const other = await stripe.customers.create();
  for (const wrong of [{ customer: other.id }, {}]) {
    const error = await failure(stripe.paymentIntents.create({ amount: 500, currency: 'eur', payment_method: kept, confirm: true, ...wrong }));
    assert.equal(error.statusCode, 400);
    assert.match(error.message, /belongs to/);
  }
  assert.equal((await failure(stripe.customers.retrievePaymentMethod(other.id, kept))).statusCode, 404);

  const preferred = await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: kept }, expand: ['invoice_settings.default_payment_method'] });
  assert.equal(preferred.invoice_settings.default_payment_method.id, kept);
  const changed = await stripe.paymentMethods.update(kept, { billing_details: { name: 'Ann' }, metadata: { a: '1' }, allow_redisplay: 'always' });
  assert.equal(changed.billing_details.name, 'Ann');
  assert.equal(changed.allow_redisplay, 'always');

  const detached = await stripe.paymentMethods.detach(kept);
  assert.equal(detached.customer, null);
  assert.equal((await stripe.customers.retrieve(customer.id)).invoice_settings.default_payment_method, null);
  assert.equal((await failure(stripe.paymentMethods.detach(kept))).statusCode, 400);
  assert.match((await failure(paidBy(customer.id, { payment_method: kept }))).message, /detached from a Customer/);
});

test('a deleted customer loses the cards, and payments keep the customer', async () => {
  const customer = await stripe.customers.create();
  const paid = await paidBy(customer.id, { setup_future_usage: 'off_session' });
  await stripe.customers.del(customer.id);
  assert.equal((await stripe.paymentMethods.retrieve(paid.payment_method)).customer, null);
  const again = await stripe.paymentIntents.retrieve(paid.id, { expand: ['customer'] });
  assert.equal(again.customer.deleted, true);
});

test('a decline keeps no card', async () => {
  const customer = await stripe.customers.create();
  await failure(paidBy(customer.id, { payment_method: 'pm_card_visa_chargeDeclined', setup_future_usage: 'off_session' }));
  assert.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 0);
});

test('an unattached method cannot be changed', async () => {
  const method = await stripe.paymentMethods.create({ type: 'card', card: { number: '4242424242424242', exp_month: 12, exp_year: 2034 } });
  assert.match((await failure(stripe.paymentMethods.update(method.id, { metadata: { a: '1' } }))).message, /must be attached/);
});

test('lists go newest first, page by page, and what is made meanwhile disturbs none', async () => {
  const email = unique();
  const made = [];
  for (let i = 0; i < 7; i++) made.unshift((await stripe.customers.create({ email, name: `${i}` })).id);
  const first = await stripe.customers.list({ email, limit: 3 });
  assert.equal(first.object, 'list');
  assert.equal(first.url, '/v1/customers');
  assert.equal(first.has_more, true);
  assert.deepEqual(first.data.map((c) => c.id), made.slice(0, 3));
  await stripe.customers.create({ email });
  const second = await stripe.customers.list({ email, limit: 3, starting_after: first.data[2].id });
  assert.deepEqual(second.data.map((c) => c.id), made.slice(3, 6));
  const last = await stripe.customers.list({ email, limit: 3, starting_after: second.data[2].id });
  assert.deepEqual([last.data.map((c) => c.id), last.has_more], [made.slice(6), false]);
  const before = await stripe.customers.list({ email, limit: 3, ending_before: made[5] });
  assert.deepEqual([before.data.map((c) => c.id), before.has_more], [made.slice(2, 5), true], 'the page next to the cursor');
  const all = [];
  for await (const customer of stripe.customers.list({ email, limit: 2 })) all.push(customer.id);
  assert.deepEqual(all.slice(1), made);
});

test('a deleted customer leaves the lists and is still a cursor', async () => {
  const email = unique();
  const [a, b, c] = [await stripe.customers.create({ email }), await stripe.customers.create({ email }), await stripe.customers.create({ email })];
  await stripe.customers.del(b.id);
  assert.deepEqual((await stripe.customers.list({ email })).data.map((x) => x.id), [c.id, a.id]);
  assert.deepEqual((await stripe.customers.list({ email, starting_after: b.id })).data.map((x) => x.id), [a.id]);
});

test('lists are narrowed down by time', async () => {
  const email = unique();
  const { id, created } = await stripe.customers.create({ email });
  const ids = async (filter) => (await stripe.customers.list({ email, created: filter })).data.map((x) => x.id);
  for (const filter of [created, { gte: created }, { lte: created }, { gt: created - 1, lt: created + 1 }]) assert.deepEqual(await ids(filter), [id]);
  for (const filter of [created + 1, { gt: created }, { lt: created }, { gte: created, lt: created }, { gt: 9007199254740991 }]) assert.deepEqual(await ids(filter), []);
});

for (const [query, code, param] of [
  ['limit=0', 'parameter_invalid_integer', 'limit'],
  ['limit=101', 'parameter_invalid_integer', 'limit'],
  ['limit=ten', 'parameter_invalid_integer', 'limit'],
  ['starting_after=cus_none', 'resource_missing', 'starting_after'],
  ['starting_after=cus_a&ending_before=cus_b', 'parameters_exclusive', 'starting_after'],
  ['created=soon', 'parameter_invalid_integer', 'created'],
  ['created[after]=1', 'parameter_unknown', 'created[after]'],
  ['created[gt]=soon', 'parameter_invalid_integer', 'created[gt]'],
  ['expand[]=customer', undefined, 'expand'],
  ['expand[]=data.shoes', undefined, 'expand'],
]) {
  test(`a list is refused for ${query}`, async () => {
    const { status, body } = await request('GET', `/v1/customers?${query}`);
    assert.equal(status, 400);
    assert.equal(body.error.code, code);
    assert.equal(body.error.param, param);
  });
}

test('payments and charges are listed by customer and payment, with what is to be expanded', async () => {
  const customer = await stripe.customers.create();
  const one = await paidBy(customer.id);
  const two = await paidBy(customer.id);
  const intents = await stripe.paymentIntents.list({ customer: customer.id, expand: ['data.customer', 'data.latest_charge.customer'] });
  assert.deepEqual(intents.data.map((i) => i.id), [two.id, one.id]);
  assert.equal(intents.data[0].customer.id, customer.id);
  assert.equal(intents.data[1].latest_charge.id, one.latest_charge);
  const charges = await stripe.charges.list({ payment_intent: one.id, expand: ['data.payment_intent'] });
  assert.deepEqual(charges.data.map((c) => c.id), [one.latest_charge]);
  assert.equal(charges.data[0].payment_intent.id, one.id);
  const both = await stripe.charges.list({ customer: customer.id, created: { gte: one.created } });
  assert.deepEqual(both.data.map((c) => c.id), [two.latest_charge, one.latest_charge], 'newest first');
});

test('a charge takes notes afterwards, and its customer once', async () => {
  const paid = await stripe.paymentIntents.create({ amount: 700, currency: 'eur', payment_method: 'pm_card_visa', confirm: true });
  const customer = await stripe.customers.create();
  const charge = await stripe.charges.update(paid.latest_charge, { description: 'late', metadata: { a: '1' }, customer: customer.id, fraud_details: { user_report: 'safe' } });
  assert.equal(charge.description, 'late');
  assert.equal(charge.customer, customer.id);
  assert.deepEqual(plain(charge.fraud_details), { user_report: 'safe' });
  const other = await stripe.customers.create();
  assert.equal((await failure(stripe.charges.update(charge.id, { customer: other.id }))).param, 'customer');
});

test('another account sees none of it', async () => {
  const customer = await stripe.customers.create();
  for (const call of [() => strict().customers.retrieve(customer.id), () => strict().customers.update(customer.id, { name: 'x' }), () => strict().customers.del(customer.id)]) {
    const error = await failure(call());
    assert.equal(error.statusCode, 404);
    assert.equal(error.code, 'resource_missing');
  }
  assert.equal((await strict().customers.list({ limit: 100 })).data.some((c) => c.id === customer.id), false);
  assert.equal((await failure(publishable().customers.retrieve(customer.id))).code, 'secret_key_required');
});

test('a repeated request under one key makes one customer, and a refusal is repeated too', async () => {
  const key = `k-${Math.random()}`;
  const one = await stripe.customers.create({ name: 'once' }, { idempotencyKey: key });
  const two = await stripe.customers.create({ name: 'once' }, { idempotencyKey: key });
  assert.equal(one.id, two.id);
  assert.equal(two.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal((await failure(stripe.customers.create({ name: 'twice' }, { idempotencyKey: key }))).type, 'StripeIdempotencyError');
  const refusedKey = `r-${Math.random()}`;
  const wrong = { invoice_settings: { default_payment_method: 'pm_none' } };
  const first = await failure(stripe.customers.create(wrong, { idempotencyKey: refusedKey }));
  const again = await failure(stripe.customers.create(wrong, { idempotencyKey: refusedKey }));
  assert.equal(again.message, first.message);
  assert.equal(again.headers['idempotent-replayed'], 'true');
});

test('twenty changes of one customer at once are all done, one after the other', async () => {
  const customer = await stripe.customers.create();
  const retrying = client(sandbox().accounts.relaxed.secret_key, { maxNetworkRetries: 5 });
  await Promise.all(Array.from({ length: 20 }, (_, i) => retrying.customers.update(customer.id, { metadata: { [`k${i}`]: '1' } })));
  assert.equal(Object.keys((await stripe.customers.retrieve(customer.id)).metadata).length, 20);
});

test('a card is attached after the bank was asked, once, and by one customer', async () => {
  const customer = await stripe.customers.create({ email: unique() });
  const method = await stripe.paymentMethods.create({ type: 'card', card: { number: '4242424242424242', exp_month: 12, exp_year: 2034, cvc: '123' } });
  const attached = await stripe.paymentMethods.attach(method.id, { customer: customer.id });
  assert.equal(attached.id, method.id);
  assert.equal(attached.customer, customer.id);
  assert.equal(attached.card.checks.cvc_check, 'pass');
  assert.equal((await stripe.paymentMethods.attach(method.id, { customer: customer.id })).customer, customer.id);
  const other = await stripe.customers.create();
  assert.match((await failure(stripe.paymentMethods.attach(method.id, { customer: other.id }))).message, /already been attached/);
  const rows = sql('gateway', `SELECT type FROM events WHERE object_id = '${method.id}'`);
  assert.deepEqual(rows, [['payment_method.attached']]);
  const paid = await paidBy(customer.id, { payment_method: method.id, off_session: true });
  assert.equal(paid.status, 'succeeded');
  const again = await paidBy(customer.id, { payment_method: method.id });
  assert.equal(again.status, 'succeeded');
});

test('a test method is attached as a fresh one', async () => {
  const customer = await stripe.customers.create();
  const one = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id });
  const two = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id });
  assert.notEqual(one.id, two.id);
  assert.deepEqual((await stripe.customers.listPaymentMethods(customer.id)).data.map((m) => m.id), [two.id, one.id]);
});

test('a card that the bank declines stays unattached', async () => {
  const customer = await stripe.customers.create();
  const method = await stripe.paymentMethods.create({ type: 'card', card: { number: '4000000000000002', exp_month: 12, exp_year: 2034 } });
  const error = await failure(stripe.paymentMethods.attach(method.id, { customer: customer.id }));
  assert.equal(error.statusCode, 402);
  assert.equal(error.code, 'card_declined');
  assert.equal((await stripe.paymentMethods.retrieve(method.id)).customer, null);
  assert.equal((await failure(stripe.paymentMethods.attach('pm_card_visa', { customer: 'cus_none' }))).param, 'customer');
  assert.equal((await failure(stripe.paymentMethods.attach('pm_none', { customer: customer.id }))).statusCode, 404);
});

test('twenty attachments of one card at once leave it with one customer', async () => {
  const customers = await Promise.all(Array.from({ length: 20 }, () => stripe.customers.create()));
  const method = await stripe.paymentMethods.create({ type: 'card', card: { number: '4242424242424242', exp_month: 12, exp_year: 2034 } });
  const outcomes = await Promise.allSettled(customers.map((c) => stripe.paymentMethods.attach(method.id, { customer: c.id })));
  assert.equal(outcomes.filter((o) => o.status === 'fulfilled').length, 1);
  assert.equal(sql('gateway', `SELECT count(*) FROM events WHERE object_id = '${method.id}'`)[0][0], '1');
});
