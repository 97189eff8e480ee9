// Payouts, with the official SDK for Node, each test with a merchant of its own.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { client, directory, publishable, relaxed, request, sql, strict, top, until } from '../lib/sandbox.mjs';

const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const of = (entries, currency = 'eur') => entries.find((entry) => entry.currency === currency)?.amount ?? 0;
const program = (input, ...options) =>
  execFileSync(`${top}/build/release/bin/portcullis-gateway`, [...options, '--config', directory + '/config/gateway.toml'], { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
const setBankAccount = (account, number, currency = 'eur') =>
  JSON.parse(program(number + '\n', 'account', 'bank-account', '--account', account, '--country', 'US', '--currency', currency, '--holder', 'Jenny Rosen', '--bank', 'Sandbox Bank', '--routing-number', '110000000'));

function newMerchant(number = '000123456789') {
  const account = JSON.parse(program('', 'provision', '--name', 'Payouts', '--mode', 'delegated'));
  return { ...account, bank: number && setBankAccount(account.id, number), stripe: client(account.secret_key) };
}
// Payments whose money is available at once; how much is.
async function earn({ stripe }, amount, currency = 'eur') {
  const paid = await stripe.paymentIntents.create({ amount, currency, payment_method: 'pm_card_visa', confirm: true, expand: ['latest_charge.balance_transaction'] });
  const { id } = paid.latest_charge.balance_transaction;
  sql('gateway', `UPDATE balance_transactions SET available_on = created WHERE id = '${id}'`);
  await until(async () => (await stripe.balanceTransactions.retrieve(id)).status === 'available');
  return of((await stripe.balance.retrieve()).available, currency);
}
const settled = ({ stripe }, id, status) => until(async () => {
  const payout = await stripe.payouts.retrieve(id);
  return payout.status === status && payout;
});
const events = async ({ stripe }, id) => (await stripe.events.list({ limit: 100 })).data.filter((one) => one.data.object.id === id).map((one) => one.type).reverse();
const trial = async ({ secret_key: key }) => {
  for (const { difference } of Object.values((await request('GET', '/v1/ledger/trial_balance', { key })).body.currencies)) assert.equal(difference, 0);
};

const withBanks = { expand: ['external_accounts'] };

test('a payout takes available money at once and arrives', async () => {
  const merchant = newMerchant();
  const { stripe } = merchant;
  const available = await earn(merchant, 5000);
  const payout = await stripe.payouts.create({ amount: available, currency: 'EUR', description: 'Week 17', method: 'instant', source_type: 'card', statement_descriptor: 'SHOES', metadata: { week: '17' }, expand: ['balance_transaction', 'destination'] });
  assert.match(payout.id, /^po_[A-Za-z0-9]{24,}$/);
  assert.deepEqual([payout.amount, payout.currency, payout.status, payout.method, payout.type, payout.automatic, payout.reconciliation_status], [available, 'eur', 'pending', 'instant', 'bank_account', false, 'not_applicable']);
  assert.deepEqual([payout.description, payout.statement_descriptor, payout.metadata.week, payout.livemode], ['Week 17', 'SHOES', '17', false]);
  assert.deepEqual([payout.balance_transaction.type, payout.balance_transaction.amount, payout.balance_transaction.status, payout.balance_transaction.source], ['payout', -available, 'available', payout.id]);
  assert.deepEqual([payout.destination.id, payout.destination.object, payout.destination.last4, payout.destination.bank_name, payout.destination.routing_number, payout.destination.country], [merchant.bank.id, 'bank_account', '6789', 'Sandbox Bank', '110000000', 'US']);
  assert.ok(!JSON.stringify(payout).includes('000123456789'));
  assert.equal(of((await stripe.balance.retrieve()).available), 0);

  const paid = await settled(merchant, payout.id, 'paid');
  assert.equal(paid.trace_id.status, 'supported');
  assert.equal(paid.failure_code, null);
  assert.equal(paid.failure_balance_transaction, null);
  const told = await events(merchant, payout.id);
  assert.equal(told[0], 'payout.created');
  assert.equal(told.at(-1), 'payout.paid');
  assert.deepEqual(told.slice(1, -1).filter((type) => type !== 'payout.updated'), []);
  const { data } = await stripe.events.list({ type: 'payout.paid' });
  assert.deepEqual([data[0].request.id, data[0].request.idempotency_key], [null, null], 'the clock did it');
  await trial(merchant);
});

test('a standard payout waits, and can be canceled, which gives the money back', async () => {
  const merchant = newMerchant();
  const { stripe } = merchant;
  const available = await earn(merchant, 5000);
  const payout = await stripe.payouts.create({ amount: 1000, currency: 'eur' });
  assert.equal(payout.method, 'standard');
  assert.equal(payout.arrival_date, payout.created + 2 * 86400);
  assert.deepEqual(JSON.parse(JSON.stringify(payout.trace_id)), { status: 'pending', value: null });
  const canceled = await stripe.payouts.cancel(payout.id, { expand: ['failure_balance_transaction'] });
  assert.equal(canceled.status, 'canceled');
  assert.deepEqual([canceled.failure_balance_transaction.type, canceled.failure_balance_transaction.net], ['payout_cancel', 1000]);
  assert.equal(of((await stripe.balance.retrieve()).available), available);
  const listed = await stripe.balanceTransactions.list({ payout: payout.id, expand: ['data.source'] });
  assert.deepEqual(listed.data.map(({ type, amount, reporting_category, source }) => [type, amount, reporting_category, source.id]), [['payout_cancel', 1000, 'payout_reversal', payout.id], ['payout', -1000, 'payout', payout.id]]);
  const again = await failure(stripe.payouts.cancel(payout.id));
  assert.equal(again.statusCode, 400);
  assert.match(again.message, /has a status of canceled/);
  assert.deepEqual(await events(merchant, payout.id), ['payout.created', 'payout.canceled']);
});

test('a standard payout is sent when its hour has come, and is no longer to be canceled', async () => {
  const merchant = newMerchant();
  await earn(merchant, 5000);
  const payout = await merchant.stripe.payouts.create({ amount: 1000, currency: 'eur' });
  sql('gateway', `UPDATE payouts SET due_at = 0 WHERE id = '${payout.id}'`);
  await settled(merchant, payout.id, 'in_transit');
  assert.match((await failure(merchant.stripe.payouts.cancel(payout.id))).message, /has a status of in_transit/);
  await until(async () => (await merchant.stripe.payouts.retrieve(payout.id)).trace_id.value);
  sql('gateway', `UPDATE sandbox_bank_orders SET settles_at = 0 WHERE payout = '${payout.id}'`);
  sql('gateway', `UPDATE payouts SET due_at = 0 WHERE id = '${payout.id}'`);
  await settled(merchant, payout.id, 'paid');
  const { data } = await merchant.stripe.events.list({ type: 'payout.updated' });
  assert.deepEqual(data.map((one) => one.data.previous_attributes).reverse()[0].status, 'pending');
  await trial(merchant);
});

for (const [number, code] of [['000111111116', 'no_account'], ['000111111113', 'account_closed'], ['000222222227', 'insufficient_funds'], ['000333333335', 'debit_not_authorized'], ['000444444440', 'invalid_currency']])
  test(`a payout to ${number} fails with ${code} and gives the money back`, async () => {
    const merchant = newMerchant(number);
    const available = await earn(merchant, 3000);
    const { id } = await merchant.stripe.payouts.create({ amount: available, currency: 'eur', method: 'instant' });
    await settled(merchant, id, 'failed');
    const failed = await merchant.stripe.payouts.retrieve(id, { expand: ['failure_balance_transaction'] });
    assert.equal(failed.failure_code, code);
    assert.ok(failed.failure_message);
    assert.deepEqual([failed.failure_balance_transaction.type, failed.failure_balance_transaction.amount], ['payout_failure', available]);
    assert.equal(of((await merchant.stripe.balance.retrieve()).available), available);
    assert.equal((await events(merchant, id)).at(-1), 'payout.failed');
    await trial(merchant);
  });

test('twenty payouts of the whole at once: one is made', async () => {
  const merchant = newMerchant();
  const amount = await earn(merchant, 5000);
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => merchant.stripe.payouts.create({ amount, currency: 'eur' })));
  assert.equal(outcomes.filter((one) => one.status === 'fulfilled').length, 1);
  for (const { reason } of outcomes.filter((one) => one.status === 'rejected')) assert.deepEqual([reason.statusCode, reason.code, reason.param], [400, 'balance_insufficient', 'amount']);
  assert.equal(of((await merchant.stripe.balance.retrieve()).available), 0);
});

test('what cannot be paid out is refused', async () => {
  const merchant = newMerchant();
  const { stripe } = merchant;
  await earn(merchant, 3000);
  const refused = async (parameters, status, code, param, message) => {
    const error = await failure(stripe.payouts.create({ amount: 100, currency: 'eur', ...parameters }));
    assert.deepEqual([error.statusCode, error.code, error.param], [status, code, param], JSON.stringify(parameters));
    if (message) assert.match(error.message, message);
  };
  await refused({ amount: 1_000_000 }, 400, 'balance_insufficient', 'amount');
  for (const amount of [0, -5, '1e3', '99999999999999999999']) await refused({ amount }, 400, 'parameter_invalid_integer', 'amount');
  await refused({ currency: 'xxx' }, 400, undefined, 'currency');
  await refused({ currency: 'usd' }, 400, undefined, 'destination', /no bank account for payouts in usd/);
  await refused({ destination: 'ba_none' }, 400, 'resource_missing', 'destination', /No such external account: 'ba_none'/);
  await refused({ statement_descriptor: 'x'.repeat(23) }, 400, undefined, 'statement_descriptor');
  for (const [name, value] of [['method', 'express'], ['source_type', 'fpx'], ['payout_method', 'x'], ['shoes', '1']]) assert.equal((await failure(stripe.payouts.create({ amount: 100, currency: 'eur', [name]: value }))).statusCode, 400, name);
  setBankAccount(merchant.id, '000123456789', 'huf');
  await refused({ amount: 12345, currency: 'huf' }, 400, undefined, 'amount', /multiples of 100/);
  await refused({ amount: 12300, currency: 'huf' }, 400, 'balance_insufficient', 'amount');
  const dollars = setBankAccount(merchant.id, '000123456789', 'usd');
  await refused({ destination: dollars.id }, 400, undefined, 'destination', /takes payouts in usd only/);
  setBankAccount(merchant.id, '000123456789');
  await refused({ destination: merchant.bank.id }, 400, undefined, 'destination', /has been replaced/);
  assert.deepEqual((await stripe.payouts.list()).data, []);
});

test('a merchant without a bank account, or who may not, is refused', async () => {
  const merchant = newMerchant(null);
  await earn(merchant, 3000);
  const ask = () => failure(merchant.stripe.payouts.create({ amount: 100, currency: 'eur' }));
  assert.deepEqual((await merchant.stripe.accounts.retrieveCurrent(withBanks)).external_accounts.data, []);
  assert.match((await ask()).message, /no bank account/);
  setBankAccount(merchant.id, '000123456789');
  program('', 'account', 'payouts', '--account', merchant.id, '--enabled', 'false');
  // A key is known for some seconds.
  await until(async () => !(await merchant.stripe.accounts.retrieveCurrent()).payouts_enabled);
  const error = await ask();
  assert.deepEqual([error.statusCode, error.code], [400, 'payouts_not_allowed']);
  program('', 'account', 'payouts', '--account', merchant.id, '--enabled', 'true');
  await until(async () => (await merchant.stripe.accounts.retrieveCurrent()).payouts_enabled);
  assert.equal((await merchant.stripe.payouts.create({ amount: 100, currency: 'eur' })).status, 'pending');
});

test('an account shows its bank accounts, and the number of none', async () => {
  const merchant = newMerchant();
  const account = await merchant.stripe.accounts.retrieveCurrent(withBanks);
  assert.equal((await merchant.stripe.accounts.retrieveCurrent()).external_accounts, undefined, 'only when they are asked for');
  assert.deepEqual(account.external_accounts.data.map(({ id, currency, last4, default_for_currency, fingerprint }) => [id, currency, last4, default_for_currency, fingerprint]), [[merchant.bank.id, 'eur', '6789', true, merchant.bank.fingerprint]]);
  const replaced = setBankAccount(merchant.id, '000111111113');
  assert.deepEqual((await merchant.stripe.accounts.retrieveCurrent(withBanks)).external_accounts.data.map((one) => one.id), [replaced.id]);
  assert.equal(sql('gateway', `SELECT count(*) FROM bank_accounts WHERE document::text LIKE '%000111111113%'`)[0][0], '0');
  for (const number of ['', '123', '1234_5678', '1'.repeat(35), 'DE89370400440532013001']) assert.throws(() => setBankAccount(merchant.id, number), /bank account number/);
});

test('payouts are listed, changed in their metadata, and never reversed', async () => {
  const merchant = newMerchant();
  const { stripe } = merchant;
  await earn(merchant, 9000);
  const made = [];
  for (const amount of [100, 200, 300]) made.unshift(await stripe.payouts.create({ amount, currency: 'eur', metadata: { week: '16' } }));
  await stripe.payouts.cancel(made[1].id);
  const ids = made.map((one) => one.id);
  const list = async (filter) => (await stripe.payouts.list(filter)).data.map((one) => one.id);
  assert.deepEqual(await list({}), ids);
  assert.deepEqual(await list({ status: 'pending' }), [ids[0], ids[2]]);
  assert.deepEqual(await list({ status: 'canceled', destination: merchant.bank.id }), [ids[1]]);
  assert.deepEqual(await list({ destination: 'ba_none' }), []);
  assert.deepEqual(await list({ limit: 1, starting_after: ids[0] }), [ids[1]]);
  assert.deepEqual(await list({ arrival_date: { gte: made[2].arrival_date, lte: made[0].arrival_date } }), ids);
  assert.deepEqual(await list({ arrival_date: { gt: made[0].arrival_date } }), []);
  assert.ok((await list({ arrival_date: made[0].arrival_date })).includes(ids[0]));
  assert.deepEqual(await list({ created: { lt: made[2].created } }), []);
  assert.equal((await failure(stripe.payouts.list({ status: 'lost' }))).statusCode, 400);
  const expanded = await stripe.payouts.list({ limit: 1, expand: ['data.destination', 'data.balance_transaction.source'] });
  assert.equal(expanded.url, '/v1/payouts');
  assert.deepEqual([expanded.data[0].destination.last4, expanded.data[0].balance_transaction.source.id], ['6789', ids[0]]);

  const changed = await stripe.payouts.update(ids[0], { metadata: { week: '17' } });
  assert.equal(changed.metadata.week, '17');
  assert.deepEqual(await events(merchant, ids[0]), ['payout.created', 'payout.updated']);
  assert.equal((await failure(stripe.payouts.update(ids[0], { amount: 5 }))).code, 'parameter_unknown');
  const reversed = await failure(stripe.payouts.reverse(ids[0]));
  assert.equal(reversed.statusCode, 400);
  assert.match(reversed.message, /cannot be reversed/);
});

test('what is not there, and what may not be seen, is refused', async () => {
  const merchant = newMerchant();
  await earn(merchant, 3000);
  const { id } = await merchant.stripe.payouts.create({ amount: 100, currency: 'eur' });
  for (const call of [(s) => s.payouts.retrieve(id), (s) => s.payouts.cancel(id), (s) => s.payouts.update(id, { metadata: { a: '1' } }), (s) => s.payouts.reverse(id)]) {
    const error = await failure(call(strict()));
    assert.deepEqual([error.statusCode, error.code], [404, 'resource_missing']);
  }
  assert.match((await failure(relaxed().payouts.retrieve('po_none'))).message, /No such payout: 'po_none'/);
  assert.equal((await failure(publishable().payouts.list())).statusCode, 403);
});

test('what becomes available is told', async () => {
  const merchant = newMerchant();
  const available = await earn(merchant, 5000);
  const { data } = await merchant.stripe.events.list({ type: 'balance.available' });
  assert.equal(data.length, 1);
  assert.equal(of(data[0].data.object.available), available);
});
