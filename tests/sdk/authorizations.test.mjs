// Holds that are captured in parts or raised, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { issuer, relaxed } from '../lib/sandbox.mjs';

const stripe = relaxed();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const hold = (amount, card = {}) => stripe.paymentIntents.create({
  amount, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, capture_method: 'manual',
  payment_method_options: { card: { request_multicapture: 'if_available', request_incremental_authorization: 'if_available', ...card } }, expand: ['latest_charge'],
});

test('a hold is captured in parts, and its charge says that it can be', async () => {
  const held = await hold(1000);
  assert.equal(held.latest_charge.payment_method_details.card.multicapture.status, 'available');
  const first = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 300, final_capture: false });
  assert.deepEqual([first.status, first.amount_received, first.amount_capturable], ['requires_capture', 300, 700]);
  const last = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 500, expand: ['latest_charge.refunds'] });
  assert.deepEqual([last.status, last.amount_received, last.amount_capturable, last.latest_charge.amount_captured, last.latest_charge.amount_refunded], ['succeeded', 800, 0, 800, 200]);
  assert.deepEqual(last.latest_charge.refunds.data.map((one) => one.amount), [200]);
  const transactions = await stripe.balanceTransactions.list({ source: last.latest_charge.id });
  assert.deepEqual(transactions.data.map((one) => one.amount).sort(), [300, 500]);
  const refund = await stripe.refunds.create({ payment_intent: held.id });
  assert.equal(refund.amount, 800);
});

test('a hold is raised, and captured as a whole', async () => {
  const held = await hold(1000);
  assert.equal(held.latest_charge.payment_method_details.card.incremental_authorization.status, 'available');
  const raised = await stripe.paymentIntents.incrementAuthorization(held.id, { amount: 1700, description: 'and a scarf', metadata: { scarf: 'yes' }, expand: ['latest_charge'] });
  assert.deepEqual([raised.status, raised.amount, raised.amount_capturable, raised.description, raised.metadata.scarf], ['requires_capture', 1700, 1700, 'and a scarf', 'yes']);
  assert.equal(raised.latest_charge.amount, 1700);
  assert.equal((await failure(stripe.paymentIntents.incrementAuthorization(held.id, { amount: 1700 }))).param, 'amount');
  const captured = await stripe.paymentIntents.capture(held.id);
  assert.equal(captured.amount_received, 1700);
  const { data } = await issuer('/authorizations');
  const mine = data.filter((one) => one.kind === 'authorization' && [1000, 1700].includes(one.amount));
  assert.ok(mine.every((one) => one.held === 0), 'no hold is left');
});

test('a hold for which nobody asked is neither raised nor captured in parts', async () => {
  const held = await stripe.paymentIntents.create({ amount: 1000, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, capture_method: 'manual', expand: ['latest_charge'] });
  assert.equal(held.latest_charge.payment_method_details.card.incremental_authorization.status, 'unavailable');
  assert.equal((await failure(stripe.paymentIntents.capture(held.id, { amount_to_capture: 1, final_capture: false }))).param, 'final_capture');
  assert.equal((await failure(stripe.paymentIntents.incrementAuthorization(held.id, { amount: 2000 }))).statusCode, 400);
  const paid = await stripe.paymentIntents.create({ amount: 1000, currency: 'eur', payment_method: 'pm_card_visa', confirm: true });
  assert.equal((await failure(stripe.paymentIntents.incrementAuthorization(paid.id, { amount: 2000 }))).code, 'payment_intent_unexpected_state');
});
