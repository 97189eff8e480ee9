// Searches for customers, payment intents and charges, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { publishable, relaxed, request, strict } from '../lib/sandbox.mjs';

const stripe = relaxed();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const unique = () => Math.random().toString(36).slice(2);
const ids = (found) => found.map((object) => object.id);
const times = async (count, make) => {
  const made = [];
  for (let i = 0; i < count; i++) made.push(await make(i));
  return ids(made).reverse();
};
const pay = (extra = {}) => stripe.paymentIntents.create({ amount: 2000, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, expand: ['latest_charge'], ...extra });
const path = (resource, parameters) => `/v1/${resource}/search?${new URLSearchParams(parameters)}`;

test('customers are found by each of their fields', async () => {
  const mark = unique();
  const ann = await stripe.customers.create({ email: `Ann.${mark}@example.com`, name: `Ann Übel ${mark}`, phone: '+351 555', metadata: { mark, 'order "id"': "it's 1" } });
  const bob = await stripe.customers.create({ email: `bob.${mark}@example.com`, metadata: { mark } });
  const other = await stripe.customers.create({ metadata: { mark: `${mark}x` } });
  const find = async (query) => ids((await stripe.customers.search({ query })).data);
  const of = `metadata["mark"]:"${mark}"`;

  for (const [query, expected] of [
    [of, [bob, ann]],
    [`email:"ANN.${mark}@example.com"`, [ann]],
    [`email:ann.${mark}@example.com`, [ann]],
    [`email~"${mark}"`, [bob, ann]],
    [`name:"ann übel ${mark}"`, [ann]],
    [`${of} AND name~"Übel"`, [ann]],
    [`${of} AND phone:"+351 555"`, [ann]],
    [`${of} AND -name:null`, [ann]],
    [`${of} AND name:null`, [bob]],
    [`${of} AND metadata['order "id"']:'it\\'s 1'`, [ann]],
    [`${of} AND -metadata['order "id"']:null`, [ann]],
    [`${of} AND -email~"bob"`, [ann]],
    [`${of} AND created>=${ann.created} AND created<=${bob.created}`, [bob, ann]],
    [`${of} AND created<${ann.created}`, []],
    [`email:"bob.${mark}@example.com" OR metadata["mark"]:"${mark}x" OR name:"ann übel ${mark}"`, [other, bob, ann]],
  ])
    assert.deepEqual(await find(query), ids(expected), query);

  await stripe.customers.update(bob.id, { metadata: { mark: `${mark}y` } });
  assert.deepEqual(await find(of), [ann.id], 'as soon as it is changed');
  await stripe.customers.del(ann.id);
  assert.deepEqual(await find(of), []);
});

test('payment intents and charges are found by each of their fields', async () => {
  const mark = unique();
  const customer = await stripe.customers.create({});
  const visa = await pay({ customer: customer.id, metadata: { mark } });
  const mastercard = await pay({ amount: 3000, payment_method: 'pm_card_mastercard', capture_method: 'manual', metadata: { mark } });
  const open = await stripe.paymentIntents.create({ amount: 4000, currency: 'usd', metadata: { mark } });
  const of = `metadata["mark"]:"${mark}"`;

  for (const [query, expected] of [
    [of, [open, mastercard, visa]],
    [`${of} AND status:"succeeded"`, [visa]],
    [`${of} AND status~"REQUIRES"`, [open, mastercard]],
    [`${of} AND -status:"succeeded"`, [open, mastercard]],
    [`${of} AND amount>2000 AND amount<=3000`, [mastercard]],
    [`${of} AND amount:4000`, [open]],
    [`${of} AND currency:"USD"`, [open]],
    [`customer:"${customer.id}"`, [visa]],
    [`${of} AND customer:null`, [open, mastercard]],
    [`${of} AND created>${visa.created - 1}`, [open, mastercard, visa]],
  ])
    assert.deepEqual(ids((await stripe.paymentIntents.search({ query })).data), ids(expected), query);

  const card = visa.latest_charge.payment_method_details.card;
  const field = 'payment_method_details.card.';
  for (const [query, expected] of [
    [of, [mastercard, visa]],
    [`${of} AND ${field}last4:"${card.last4}"`, [visa]],
    [`${of} AND ${field}fingerprint:"${card.fingerprint}"`, [visa]],
    [`${of} AND ${field}brand:"MasterCard"`, [mastercard]],
    [`${of} AND ${field}exp_year:${card.exp_year} AND ${field}exp_month:${card.exp_month} AND ${field}brand:visa`, [visa]],
    [`${of} AND ${field}exp_year<2000`, []],
    [`${of} AND refunded:true`, []],
    [`${of} AND disputed:false AND refunded:false`, [mastercard, visa]],
    [`customer:"${customer.id}"`, [visa]],
    [`${of} AND amount>=3000`, [mastercard]],
    [`${of} AND currency:usd`, []],
    [`${of} AND -status:failed AND created>=${visa.created}`, [mastercard, visa]],
  ])
    assert.deepEqual(ids((await stripe.charges.search({ query })).data), expected.map((one) => one.latest_charge.id), query);

  const expanded = await stripe.charges.search({ query: `customer:"${customer.id}"`, expand: ['data.customer', 'data.payment_intent.payment_method', 'total_count'] });
  assert.equal(expanded.data[0].customer.id, customer.id);
  assert.equal(expanded.data[0].payment_intent.payment_method.card.last4, card.last4);
  assert.equal(expanded.total_count, 1);
});

test('pages of each resource follow one another to the end, while objects are made', async () => {
  const mark = unique();
  const metadata = { mark };
  for (const [resource, make, count, limit] of [
    [stripe.customers, () => stripe.customers.create({ metadata }), 11, 3],
    [stripe.paymentIntents, () => stripe.paymentIntents.create({ amount: 100, currency: 'eur', metadata }), 6, 2],
    [stripe.charges, async () => (await pay({ metadata: { mark: `${mark}c` } })).latest_charge, 5, 2],
  ]) {
    const expected = await times(count, make);
    const query = `metadata["mark"]:"${resource === stripe.charges ? `${mark}c` : mark}"`;
    const first = await resource.search({ query, limit });
    assert.equal(first.object, 'search_result');
    assert.match(first.url, /^\/v1\/(customers|payment_intents|charges)\/search$/);
    assert.equal(first.has_more, true);
    assert.ok(!('total_count' in first));
    await make();
    const rest = await resource.search({ query, limit: 100, page: first.next_page, expand: ['total_count'] });
    assert.deepEqual(ids([...first.data, ...rest.data]), expected);
    assert.equal(rest.has_more, false);
    assert.equal(rest.next_page, null);
    assert.equal(rest.total_count, count + 1);
    assert.deepEqual(ids(await resource.search({ query, limit }).autoPagingToArray({ limit: 1000 })).slice(1), expected);
  }
  assert.equal((await stripe.customers.search({ query: `metadata["mark"]:"${unique()}"` })).next_page, null);
});

test('an account finds nothing of another one, nor goes on where that one was', async () => {
  const mark = unique();
  await times(3, () => stripe.customers.create({ metadata: { mark }, email: `${mark}@example.com` }));
  for (const query of [`metadata["mark"]:"${mark}"`, `email:"${mark}@example.com"`, `email~"${mark}"`]) {
    const page = await stripe.customers.search({ query, limit: 1 });
    assert.equal(page.data.length, 1);
    assert.deepEqual((await strict().customers.search({ query })).data, []);
    const error = await failure(strict().customers.search({ query, page: page.next_page }));
    assert.deepEqual([error.statusCode, error.param], [400, 'page']);
  }
});

test('what is no search is refused, and says where', async () => {
  for (const [resource, parameters, param, words] of [
    ['customers', {}, 'query', /Missing required param/],
    ['customers', { query: 'email' }, 'query', /operator at character 6/],
    ['customers', { query: 'amount:1' }, 'query', /Unknown field at character 1/],
    ['charges', { query: 'amount:"ten"' }, 'query', /whole number/],
    ['charges', { query: 'created>"2026-01-01"' }, 'query', /unix seconds/],
    ['charges', { query: 'disputed:maybe' }, 'query', /true or false/],
    ['payment_intents', { query: 'status~"su"' }, 'query', /3 characters/],
    ['payment_intents', { query: 'amount~"100"' }, 'query', /does not go with amount/],
    ['payment_intents', { query: 'amount:1 AND amount:2 OR amount:3' }, 'query', /AND and OR/],
    ['payment_intents', { query: Array(11).fill('amount:1').join(' OR ') }, 'query', /at most 10/],
    ['payment_intents', { query: 'amount:1', limit: 101 }, 'limit', /limit/],
    ['payment_intents', { query: 'amount:1', limit: 'x' }, 'limit', /integer/],
    ['payment_intents', { query: 'amount:1', page: 'forged' }, 'page', /next_page/],
    ['payment_intents', { query: 'amount:1', starting_after: 'pi_1' }, 'starting_after', /unknown parameter/],
    ['payment_intents', { query: 'amount:1', 'expand[]': 'customer' }, 'expand', /cannot be expanded/],
  ]) {
    const { status, body } = await request('GET', path(resource, parameters));
    assert.equal(status, 400, JSON.stringify(parameters));
    assert.equal(body.error.type, 'invalid_request_error');
    assert.equal(body.error.param, param, JSON.stringify(parameters));
    assert.match(body.error.message, words);
  }
  const mark = unique();
  await times(2, () => stripe.customers.create({ metadata: { mark } }));
  const { next_page: page } = await stripe.customers.search({ query: `metadata["mark"]:"${mark}"`, limit: 1 });
  const other = await failure(stripe.customers.search({ query: `metadata["mark"]:"${mark}" AND created>1`, page }));
  assert.deepEqual([other.statusCode, other.param], [400, 'page']);
  assert.equal((await failure(publishable().customers.search({ query: 'created>1' }))).statusCode, 403);
});
