// Balance, balance transactions and the ledger, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { client, publishable, relaxed, request, sql, strict, until } from '../lib/sandbox.mjs';

const stripe = relaxed();
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const pay = (amount, extra = {}) => stripe.paymentIntents.create({ amount, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, expand: ['latest_charge.balance_transaction'], ...extra });
const fee = (amount) => Math.floor((amount * 150 + 5000) / 10000) + 25;
const of = (entries, currency) => entries.find((entry) => entry.currency === currency)?.amount ?? 0;
const nets = async (filter) => {
  const sums = { pending: {}, available: {} };
  for await (const one of stripe.balanceTransactions.list({ limit: 100, ...filter })) sums[one.status][one.currency] = (sums[one.status][one.currency] ?? 0) + one.net;
  return sums;
};
const trial = async () => (await request('GET', '/v1/ledger/trial_balance')).body;

test('a payment brings a balance transaction with its fee, and the money is pending', async () => {
  const before = await stripe.balance.retrieve();
  const paid = await pay(1999, { description: 'Shoes' });
  const transaction = paid.latest_charge.balance_transaction;
  assert.match(transaction.id, /^txn_[A-Za-z0-9]{24,}$/);
  assert.equal(transaction.amount, 1999);
  assert.equal(transaction.fee, fee(1999));
  assert.equal(transaction.net, transaction.amount - transaction.fee);
  assert.deepEqual(JSON.parse(JSON.stringify(transaction.fee_details)), [{ amount: fee(1999), application: null, currency: 'eur', description: 'Processing fee', type: 'stripe_fee' }]);
  assert.equal(transaction.type, 'charge');
  assert.equal(transaction.reporting_category, 'charge');
  assert.equal(transaction.balance_type, 'payments');
  assert.equal(transaction.status, 'pending');
  assert.equal(transaction.exchange_rate, null);
  assert.equal(transaction.description, 'Shoes');
  assert.equal(transaction.source, paid.latest_charge.id);
  assert.equal(transaction.available_on, transaction.created + 2 * 86400);
  const after = await stripe.balance.retrieve();
  assert.equal(of(after.pending, 'eur') - of(before.pending, 'eur'), transaction.net);
  assert.equal(of(after.available, 'eur'), of(before.available, 'eur'));
  assert.deepEqual(after.pending.map((entry) => entry.source_types.card), after.pending.map((entry) => entry.amount));

  const read = await stripe.balanceTransactions.retrieve(transaction.id, { expand: ['source.balance_transaction'] });
  assert.equal(read.source.id, paid.latest_charge.id);
  assert.equal(read.source.balance_transaction.id, transaction.id);
});

test('an account without payments has a balance of nothing in its own currency', async () => {
  const balance = await strict().balance.retrieve();
  for (const entries of [balance.available, balance.pending]) assert.deepEqual(entries.map(({ amount, currency }) => [amount, currency]), [[0, 'eur']]);
  assert.equal(balance.livemode, false);
});

test('a hold is no balance, a part of it that is captured is, and a cancellation or decline leaves none', async () => {
  const before = of((await stripe.balance.retrieve()).pending, 'eur');
  const held = await pay(1000, { capture_method: 'manual' });
  assert.equal(held.latest_charge.balance_transaction, null);
  const dropped = await pay(1000, { capture_method: 'manual' });
  await stripe.paymentIntents.cancel(dropped.id);
  await failure(pay(1000, { payment_method: 'pm_card_visa_chargeDeclined' }));
  assert.equal(of((await stripe.balance.retrieve()).pending, 'eur'), before);
  const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 600, expand: ['latest_charge.balance_transaction'] });
  const transaction = captured.latest_charge.balance_transaction;
  assert.deepEqual([transaction.amount, transaction.fee, transaction.net], [600, fee(600), 600 - fee(600)]);
  assert.equal(of((await stripe.balance.retrieve()).pending, 'eur') - before, transaction.net);
  assert.deepEqual((await stripe.balanceTransactions.list({ source: dropped.latest_charge.id })).data, []);
});

test('balance transactions are listed by type, source, currency, payout and time, page by page', async () => {
  const made = [];
  for (const amount of [500, 600, 700]) made.unshift(await pay(amount, { currency: 'jpy' }));
  const ids = made.map((one) => one.latest_charge.balance_transaction.id);
  const list = async (filter) => (await stripe.balanceTransactions.list({ currency: 'jpy', ...filter })).data.map((one) => one.id);
  assert.deepEqual((await list({ type: 'charge' })).slice(0, 3), ids);
  assert.deepEqual((await list({ currency: 'JPY' })).slice(0, 3), ids);
  assert.deepEqual(await list({ source: made[1].latest_charge.id }), [ids[1]]);
  assert.deepEqual(await list({ limit: 1, starting_after: ids[0] }), [ids[1]]);
  assert.deepEqual(await list({ limit: 1, ending_before: ids[2] }), [ids[1]]);
  for (const nothing of [{ type: 'payout' }, { payout: 'po_none' }, { source: 'ch_none' }, { currency: 'chf' }, { created: { lt: made[0].created - 86400 } }]) assert.deepEqual(await list(nothing), []);
  const expanded = await stripe.balanceTransactions.list({ source: made[0].latest_charge.id, expand: ['data.source'] });
  assert.equal(expanded.data[0].source.amount, 700);
  assert.equal(expanded.url, '/v1/balance_transactions');
});

test('what is not there, and what may not be seen, is refused', async () => {
  const error = await failure(stripe.balanceTransactions.retrieve('txn_none'));
  assert.equal(error.statusCode, 404);
  assert.match(error.message, /No such balance transaction: 'txn_none'/);
  const paid = await pay(800);
  assert.equal((await failure(strict().balanceTransactions.retrieve(paid.latest_charge.balance_transaction.id))).statusCode, 404);
  assert.equal((await failure(publishable().balance.retrieve())).statusCode, 403);
  for (const path of ['/v1/ledger/accounts', '/v1/ledger/transactions', '/v1/ledger/trial_balance', '/v1/balance_transactions']) {
    assert.equal((await request('GET', path, { key: 'sk_test_none' })).status, 401);
    assert.equal((await request('GET', `${path}?shoes=1`)).body.error.code, 'parameter_unknown');
  }
  assert.equal((await failure(client('sk_test_none').balance.retrieve())).statusCode, 401);
});

test('money becomes available when its day has come, once, with its transaction', async () => {
  const { latest_charge: { balance_transaction: transaction } } = await pay(4321);
  const before = await stripe.balance.retrieve();
  sql('gateway', `UPDATE balance_transactions SET available_on = created WHERE id = '${transaction.id}'`);
  const released = await until(async () => {
    const now = await stripe.balanceTransactions.retrieve(transaction.id);
    return now.status === 'available' && now;
  });
  assert.equal(released.net, transaction.net);
  const after = await stripe.balance.retrieve();
  assert.equal(of(after.available, 'eur') - of(before.available, 'eur'), transaction.net);
  assert.equal(of(before.pending, 'eur') - of(after.pending, 'eur'), transaction.net);
  const moved = (await request('GET', `/v1/ledger/transactions?source=${transaction.id}`)).body.data;
  assert.deepEqual(moved.map(({ step, debit, credit, amount }) => ({ step, debit, credit, amount })), [{ step: 'release', debit: 'm_pend', credit: 'm_avail', amount: transaction.net }]);
});

test('the ledger shows the transfers of a charge, its accounts, and that debits equal credits', async () => {
  const paid = await pay(2500);
  const charge = paid.latest_charge.id;
  const listed = (await request('GET', `/v1/ledger/transactions?source=${charge}`)).body;
  assert.deepEqual(listed.data.map(({ object, step, debit, credit, amount, posted, status, source }) => ({ object, step, debit, credit, amount, posted, status, source })), [
    { object: 'ledger.transaction', step: 'fee', debit: 'm_pend', credit: 'fee_inc', amount: fee(2500), posted: fee(2500), status: 'posted', source: charge },
    { object: 'ledger.transaction', step: 'payment', debit: 'acq_recv', credit: 'm_pend', amount: 2500, posted: 2500, status: 'posted', source: charge },
  ]);
  const next = (await request('GET', `/v1/ledger/transactions?source=${charge}&limit=1&starting_after=${listed.data[0].id}`)).body;
  assert.deepEqual([next.data.map((one) => one.id), next.has_more], [[listed.data[1].id], false]);
  assert.equal((await request('GET', '/v1/ledger/transactions?starting_after=lt_none')).body.error.code, 'resource_missing');

  const accounts = (await request('GET', '/v1/ledger/accounts')).body.data;
  const balance = await stripe.balance.retrieve();
  const account = (name) => accounts.find((one) => one.name === name && one.currency === 'eur');
  assert.equal(account('m_pend').balance, of(balance.pending, 'eur'));
  assert.equal(account('m_avail')?.balance ?? 0, of(balance.available, 'eur'));
  assert.equal(account('acq_recv').type, 'asset');
  const balanceOf = (name) => account(name)?.balance ?? 0;
  assert.equal(balanceOf('acq_recv') + balanceOf('bank'), balanceOf('m_pend') + balanceOf('m_avail') + balanceOf('m_hold') + balanceOf('fee_inc'));

  const { object, currencies } = await trial();
  assert.equal(object, 'ledger.trial_balance');
  assert.ok(currencies.eur.debits > 0);
  for (const { debits, credits, difference } of Object.values(currencies)) assert.deepEqual([difference, debits], [0, credits]);
});

test('the balance is the sum of its transactions after many payments at once', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 5 === 4 ? failure(pay(100 + i, { payment_method: 'pm_card_visa_chargeDeclined' })) : pay(100 + 37 * i, i % 3 ? {} : { capture_method: 'manual' }))));
  const balance = await stripe.balance.retrieve();
  const sums = await nets({});
  for (const currency of balance.pending.map((entry) => entry.currency)) {
    assert.equal(of(balance.pending, currency), sums.pending[currency] ?? 0);
    assert.equal(of(balance.available, currency), sums.available[currency] ?? 0);
  }
  for (const { difference } of Object.values((await trial()).currencies)) assert.equal(difference, 0);
});
