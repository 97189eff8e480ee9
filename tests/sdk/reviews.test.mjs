// Reviews of risky payments, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { relaxed, strict } from '../lib/sandbox.mjs';

const stripe = relaxed();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const pay = (extra = {}) => stripe.paymentIntents.create({ amount: 4200, currency: 'eur', payment_method: 'pm_card_riskLevelElevated', confirm: true, expand: ['latest_charge', 'review'], ...extra });
const isOpen = async (id) => (await stripe.reviews.list({ limit: 100 })).data.some((one) => one.id === id);
const eventOf = async (type, id) => (await stripe.events.list({ type, limit: 20 })).data.find((event) => event.data.object.id === id);

test('a payment of elevated risk goes through and opens a review, which the merchant approves', async () => {
  const paid = await pay();
  assert.equal(paid.status, 'succeeded');
  const { review, latest_charge: charge } = paid;
  assert.match(review.id, /^prv_/);
  assert.equal(charge.review, review.id);
  assert.deepEqual([charge.outcome.type, charge.outcome.reason, charge.outcome.risk_level], ['manual_review', 'elevated_risk_level', 'elevated']);
  assert.deepEqual([review.open, review.reason, review.opened_reason, review.closed_reason, review.charge, review.payment_intent], [true, 'rule', 'rule', null, charge.id, paid.id]);
  assert.ok(await isOpen(review.id));
  assert.ok(await eventOf('review.opened', review.id));
  const approved = await stripe.reviews.approve(review.id);
  assert.deepEqual([approved.open, approved.reason, approved.closed_reason], [false, 'approved', 'approved']);
  assert.ok(!(await isOpen(review.id)));
  assert.equal((await stripe.reviews.retrieve(review.id)).open, false);
  assert.ok(await eventOf('review.closed', review.id));
  assert.equal((await failure(stripe.reviews.approve(review.id))).statusCode, 400);
});

test('a refund closes a review, and so does a cancellation', async () => {
  const refunded = await pay();
  await stripe.refunds.create({ payment_intent: refunded.id, amount: 100 });
  assert.equal((await stripe.reviews.retrieve(refunded.review.id)).closed_reason, 'refunded');
  const fraud = await pay();
  await stripe.refunds.create({ payment_intent: fraud.id, reason: 'fraudulent' });
  assert.equal((await stripe.reviews.retrieve(fraud.review.id)).closed_reason, 'refunded_as_fraud');
  const held = await pay({ capture_method: 'manual' });
  assert.equal((await stripe.reviews.retrieve(held.review.id)).open, true);
  await stripe.paymentIntents.cancel(held.id);
  assert.equal((await stripe.reviews.retrieve(held.review.id)).closed_reason, 'canceled');
});

test('an ordinary payment has no review, and nobody sees those of others', async () => {
  const paid = await pay({ payment_method: 'pm_card_visa' });
  assert.equal(paid.review, null);
  const risky = await pay();
  assert.equal((await failure(strict().reviews.retrieve(risky.review.id))).statusCode, 404);
  assert.equal((await failure(strict().reviews.approve(risky.review.id))).statusCode, 404);
});
