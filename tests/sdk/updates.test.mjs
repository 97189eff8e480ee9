// Changing a payment before it is paid, and describing it afterwards.
import test from 'node:test';
import assert from 'node:assert/strict';
import { relaxed } from '../lib/sandbox.mjs';

const stripe = relaxed();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const create = (extra = {}) => stripe.paymentIntents.create({ amount: 1000, currency: 'eur', ...extra });
const plain = (object) => JSON.parse(JSON.stringify(object));

test('amount, currency, customer and description are changed before confirmation', async () => {
  const customer = await stripe.customers.create();
  const { id } = await create({ metadata: { a: '1', b: '2' } });
  const changed = await stripe.paymentIntents.update(id, { amount: 2500, currency: 'usd', customer: customer.id, description: 'Two', receipt_email: 'a@b.example', metadata: { a: '', c: '3' }, setup_future_usage: 'off_session', shipping: { name: 'Ann', address: { line1: 'x' } } });
  assert.equal(changed.amount, 2500);
  assert.equal(changed.currency, 'usd');
  assert.equal(changed.customer, customer.id);
  assert.equal(changed.setup_future_usage, 'off_session');
  assert.deepEqual(plain(changed.metadata), { b: '2', c: '3' });
  const paid = await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa', expand: ['latest_charge'] });
  assert.equal(paid.amount_received, 2500);
  assert.equal(paid.latest_charge.currency, 'usd');
  assert.equal(paid.latest_charge.description, 'Two');
  const cleared = await stripe.paymentIntents.update((await create({ description: 'x' })).id, { description: '' });
  assert.equal(cleared.description, null);
});

test('a method is given, exchanged and taken away', async () => {
  const { id } = await create();
  const given = await stripe.paymentIntents.update(id, { payment_method: 'pm_card_visa' });
  assert.equal(given.status, 'requires_confirmation');
  const other = await stripe.paymentIntents.update(id, { payment_method: 'pm_card_mastercard' });
  assert.notEqual(other.payment_method, given.payment_method);
  const data = await stripe.paymentIntents.update(id, { payment_method_data: { type: 'card', card: { number: '5555555555554444', exp_month: 1, exp_year: 2035 } }, expand: ['payment_method'] });
  assert.equal(data.payment_method.card.brand, 'mastercard');
  const none = await stripe.paymentIntents.update(id, { payment_method: '' });
  assert.deepEqual([none.status, none.payment_method], ['requires_payment_method', null]);
});

for (const [name, prepare] of [
  ['paid', () => create({ payment_method: 'pm_card_visa', confirm: true })],
  ['held', () => create({ payment_method: 'pm_card_visa', confirm: true, capture_method: 'manual' })],
  ['canceled', async () => stripe.paymentIntents.cancel((await create()).id)],
]) {
  test(`of a payment that is ${name} only the description changes`, async () => {
    const { id, status } = await prepare();
    const described = await stripe.paymentIntents.update(id, { description: 'later', metadata: { k: 'v' } });
    assert.deepEqual([described.status, described.description, described.metadata.k], [status, 'later', 'v']);
    for (const change of [{ amount: 5 }, { currency: 'usd' }, { payment_method: 'pm_card_visa' }, { capture_method: 'manual' }]) {
      const error = await failure(stripe.paymentIntents.update(id, change));
      assert.equal(error.statusCode, 400);
      assert.equal(error.code, 'payment_intent_unexpected_state');
      assert.equal(error.payment_intent.id, id);
    }
  });
}

for (const [change, param, code] of [
  [{ amount: 0 }, 'amount', 'parameter_invalid_integer'],
  [{ amount: 10 }, 'amount', 'amount_too_small'],
  [{ currency: 'xxx' }, 'currency', undefined],
  [{ customer: 'cus_none' }, 'customer', 'resource_missing'],
  [{ payment_method: 'pm_none' }, 'payment_method', 'resource_missing'],
  [{ confirm: true }, 'confirm', 'parameter_unknown'],
  [{ transfer_data: { destination: 'x' } }, 'transfer_data', 'parameter_unknown'],
]) {
  test(`a change of ${JSON.stringify(change)} is refused and changes nothing`, async () => {
    const before = await create();
    const error = await failure(stripe.paymentIntents.update(before.id, change));
    assert.equal(error.statusCode, 400);
    assert.equal(error.param, param);
    assert.equal(error.code, code);
    assert.deepEqual(plain(await stripe.paymentIntents.retrieve(before.id)), plain(before));
  });
}
