// Refunds, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { publishable, relaxed, request, strict, until } from '../lib/sandbox.mjs';

const stripe = relaxed();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const pay = (amount, extra = {}) => stripe.paymentIntents.create({ amount, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, ...extra });
const of = (entries, currency) => entries.find((entry) => entry.currency === currency)?.amount ?? 0;

test('a refund gives back what was paid, and shows how', async () => {
  const before = of((await stripe.balance.retrieve()).pending, 'eur');
  const paid = await pay(2000, { description: 'Shoes' });
  const taken = of((await stripe.balance.retrieve()).pending, 'eur') - before;
  const refund = await stripe.refunds.create({ payment_intent: paid.id, reason: 'requested_by_customer', metadata: { ticket: '17' }, expand: ['balance_transaction', 'charge'] });
  assert.match(refund.id, /^re_[A-Za-z0-9]{24,}$/);
  assert.equal(refund.status, 'succeeded');
  assert.equal(refund.amount, 2000);
  assert.equal(refund.currency, 'eur');
  assert.equal(refund.reason, 'requested_by_customer');
  assert.equal(refund.payment_intent, paid.id);
  assert.equal(refund.payment_method, paid.payment_method);
  assert.equal(refund.metadata.ticket, '17');
  assert.equal(refund.destination_details.card.type, 'refund');
  assert.match(refund.destination_details.card.reference, /^\d{6}$/);
  assert.equal(refund.charge.amount_refunded, 2000);
  assert.equal(refund.charge.refunded, true);
  assert.equal(refund.balance_transaction.type, 'refund');
  assert.equal(refund.balance_transaction.amount, -2000);
  assert.equal(refund.balance_transaction.fee, 0);
  assert.equal(refund.balance_transaction.source, refund.id);
  assert.equal(of((await stripe.balance.retrieve()).pending, 'eur') - before, taken - 2000, 'the fee is not given back');
  assert.equal((await request('GET', '/v1/ledger/trial_balance')).body.currencies.eur.difference, 0);
});

test('parts may be refunded until nothing is left', async () => {
  const paid = await pay(1000);
  const first = await stripe.refunds.create({ charge: paid.latest_charge, amount: 300 });
  assert.equal(first.amount, 300);
  const over = await failure(stripe.refunds.create({ charge: paid.latest_charge, amount: 701 }));
  assert.equal(over.statusCode, 400);
  assert.equal(over.code, undefined);
  assert.equal(over.param, 'amount');
  assert.match(over.message, /Refund amount \(7\.01 EUR\) is greater than unrefunded amount on charge \(7\.00 EUR\)/);
  assert.equal((await stripe.refunds.create({ payment_intent: paid.id })).amount, 700);
  const again = await failure(stripe.refunds.create({ payment_intent: paid.id }));
  assert.equal(again.code, 'charge_already_refunded');
  assert.match(again.message, /has already been refunded/);
});

test('charges show their refunds when they are asked to, newest first', async () => {
  const paid = await pay(1000);
  const ids = [];
  for (const amount of [100, 200, 300]) ids.unshift((await stripe.refunds.create({ charge: paid.latest_charge, amount })).id);
  const charge = await stripe.charges.retrieve(paid.latest_charge, { expand: ['refunds.data.balance_transaction'] });
  assert.deepEqual(charge.refunds.data.map((one) => one.id), ids);
  assert.equal(charge.refunds.data[0].balance_transaction.amount, -300);
  assert.equal((await stripe.charges.retrieve(paid.latest_charge)).refunds, undefined);
  const listed = (await request('GET', charge.refunds.url + '?limit=2')).body;
  assert.deepEqual(listed.data.map((one) => one.id), ids.slice(0, 2));
  assert.equal(listed.has_more, true);
});

test('refunds are listed by charge and by payment, and read one by one', async () => {
  const paid = await pay(900), other = await pay(900);
  const mine = [await stripe.refunds.create({ charge: paid.latest_charge, amount: 100 }), await stripe.refunds.create({ charge: paid.latest_charge, amount: 100 })].reverse();
  await stripe.refunds.create({ charge: other.latest_charge });
  assert.deepEqual((await stripe.refunds.list({ charge: paid.latest_charge })).data.map((one) => one.id), mine.map((one) => one.id));
  assert.deepEqual((await stripe.refunds.list({ payment_intent: paid.id, limit: 1 })).data.map((one) => one.id), [mine[0].id]);
  const read = await stripe.refunds.retrieve(mine[1].id, { expand: ['payment_intent.latest_charge'] });
  assert.equal(read.payment_intent.latest_charge.id, paid.latest_charge);
  const foreign = await failure(strict().refunds.retrieve(mine[0].id));
  assert.equal(foreign.statusCode, 404);
  assert.match(foreign.message, /No such refund/);
});

test('only the metadata of a refund can be changed, and succeeded ones cannot be canceled', async () => {
  const paid = await pay(900);
  const refund = await stripe.refunds.create({ charge: paid.latest_charge, metadata: { a: '1', b: '2' } });
  const changed = await stripe.refunds.update(refund.id, { metadata: { a: '', c: '3' } });
  assert.deepEqual({ ...changed.metadata }, { b: '2', c: '3' });
  assert.equal((await failure(stripe.refunds.update(refund.id, { amount: 1 }))).code, 'parameter_unknown');
  const canceled = await failure(stripe.refunds.cancel(refund.id));
  assert.equal(canceled.statusCode, 400);
  assert.match(canceled.message, /requires_action/);
  const events = await stripe.events.list({ type: 'refund.*', limit: 10 });
  const update = events.data.find((one) => one.type === 'refund.updated' && one.data.object.id === refund.id);
  assert.deepEqual({ ...update.data.previous_attributes.metadata }, { a: '1', c: null });
});

test('the remainder of a capture in part and a canceled hold appear as refunds', async () => {
  const held = await pay(1000, { capture_method: 'manual' });
  const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 600, expand: ['latest_charge.refunds'] });
  assert.equal(captured.latest_charge.amount_refunded, 400);
  assert.deepEqual(captured.latest_charge.refunds.data.map((one) => [one.amount, one.status, one.destination_details.card.type, one.balance_transaction]), [[400, 'succeeded', 'reversal', null]]);
  const dropped = await pay(1000, { capture_method: 'manual' });
  await stripe.paymentIntents.cancel(dropped.id);
  assert.equal((await stripe.refunds.list({ payment_intent: dropped.id })).data[0].amount, 1000);
  assert.equal((await failure(stripe.refunds.create({ payment_intent: dropped.id }))).code, 'charge_already_refunded');
});

test('what cannot be refunded is refused with a reason', async () => {
  const held = await pay(1000, { capture_method: 'manual' });
  assert.match((await failure(stripe.refunds.create({ payment_intent: held.id }))).message, /does not have a successful charge to refund/);
  const declined = await failure(pay(1000, { payment_method: 'pm_card_visa_chargeDeclined' }));
  assert.equal((await failure(stripe.refunds.create({ charge: declined.charge }))).code, 'charge_not_refundable');
  const fresh = await stripe.paymentIntents.create({ amount: 1000, currency: 'eur' });
  assert.match((await failure(stripe.refunds.create({ payment_intent: fresh.id }))).message, /does not have a successful charge to refund/);
  const paid = await pay(1000);
  for (const [parameters, param] of [
    [{}, 'charge'], [{ charge: 'ch_unknown' }, 'charge'], [{ charge: paid.latest_charge, amount: 0 }, 'amount'],
    [{ charge: paid.latest_charge, amount: -5 }, 'amount'], [{ charge: paid.latest_charge, reason: 'bored' }, 'reason'],
    [{ charge: paid.latest_charge, payment_intent: fresh.id }, 'charge'], [{ charge: paid.latest_charge, reverse_transfer: true }, 'reverse_transfer'],
  ]) {
    const error = await failure(stripe.refunds.create(parameters));
    assert.equal(error.statusCode, 400, JSON.stringify(parameters));
    assert.equal(error.param, param, JSON.stringify(parameters));
  }
  assert.equal((await stripe.charges.retrieve(paid.latest_charge)).amount_refunded, 0);
});

test('a refund as fraud marks the charge', async () => {
  const paid = await pay(700);
  await stripe.refunds.create({ payment_intent: paid.id, reason: 'fraudulent' });
  assert.equal((await stripe.charges.retrieve(paid.latest_charge)).fraud_details.user_report, 'fraudulent');
});

test('a refund that the issuer takes its time over is pending, and then succeeds or fails', async () => {
  const pending = async (payment_method) => {
    const paid = await pay(800, { payment_method });
    const refund = await stripe.refunds.create({ payment_intent: paid.id });
    assert.deepEqual([refund.status, refund.pending_reason, refund.balance_transaction, refund.destination_details.card.type], ['pending', 'processing', null, 'pending']);
    assert.equal((await stripe.charges.retrieve(paid.latest_charge)).amount_refunded, 800);
    return { ...refund, ended: (status) => until(async () => { const one = await stripe.refunds.retrieve(refund.id); return one.status === status && one; }, 60000, `a refund that ${status}`) };
  };
  const [slow, failing] = await Promise.all([pending('pm_card_pendingRefund'), pending('pm_card_refundFail')]);
  const [succeeded, failed] = await Promise.all([slow.ended('succeeded'), failing.ended('failed')]);
  assert.equal(succeeded.destination_details.card.type, 'refund');
  assert.ok(succeeded.balance_transaction);
  assert.ok((await stripe.events.list({ type: 'refund.updated' })).data.some((event) => event.data.object.id === slow.id));
  assert.equal(failed.failure_reason, 'expired_or_canceled_card');
  assert.equal((await stripe.charges.retrieve(failed.charge)).amount_refunded, 0);
  assert.ok((await stripe.events.list({ type: 'refund.failed' })).data.some((event) => event.data.object.id === failing.id));
});

test('twenty refunds of the whole at once: one is accepted', async () => {
  const paid = await pay(1500);
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => stripe.refunds.create({ payment_intent: paid.id })));
  const accepted = outcomes.filter((one) => one.status === 'fulfilled');
  assert.equal(accepted.length, 1);
  for (const { reason } of outcomes.filter((one) => one.status === 'rejected')) assert.ok(['charge_already_refunded', 'lock_timeout'].includes(reason.code), reason.message);
  assert.equal((await stripe.charges.retrieve(paid.latest_charge)).amount_refunded, 1500);
});

test('a publishable key may not refund', async () => {
  assert.equal((await failure(publishable().refunds.create({ charge: 'ch_1' }))).statusCode, 403);
});

test('a charge is captured by its own id, in whole or in part, once', async () => {
  const held = await pay(1000, { capture_method: 'manual' });
  for (const [amount, code] of [[0, 'parameter_invalid_integer'], [1001, 'amount_too_large']]) assert.equal((await failure(stripe.charges.capture(held.latest_charge, { amount }))).code, code);
  const captured = await stripe.charges.capture(held.latest_charge, { amount: 600, receipt_email: 'jenny@example.com' });
  assert.deepEqual([captured.object, captured.captured, captured.amount_captured, captured.amount_refunded, captured.receipt_email], ['charge', true, 600, 400, 'jenny@example.com']);
  assert.equal((await stripe.paymentIntents.retrieve(held.id)).status, 'succeeded');
  assert.equal((await failure(stripe.charges.capture(held.latest_charge))).code, 'charge_already_captured');
  const dropped = await pay(1000, { capture_method: 'manual' });
  await stripe.paymentIntents.cancel(dropped.id);
  assert.equal((await failure(stripe.charges.capture(dropped.latest_charge))).code, 'charge_already_refunded');
  assert.equal((await failure(stripe.charges.capture('ch_unknown'))).statusCode, 404);
});
