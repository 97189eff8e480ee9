// What the acquirer does wrong when an amount asks it to: each fault ends in the one right outcome, and no hold is left.
import test from 'node:test';
import assert from 'node:assert/strict';
import { booksAgree } from '../lib/books.mjs';
import { gatewayRun, issuer, relaxed, sandbox, sql, until } from '../lib/sandbox.mjs';

const stripe = () => relaxed({ timeout: 60000 });
const create = (amount, extra = {}) => stripe().paymentIntents.create({ amount, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, ...extra });
// The payment, or the error, and how long it took.
async function outcome(amount, extra) {
  const began = Date.now();
  const result = await create(amount, extra).catch((error) => error);
  return { amount, result, took: Date.now() - began };
}
async function metric(process, name) {
  const text = await (await fetch(sandbox().metrics[process])).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
const heldOf = async (reference) => (await issuer('/authorizations/' + reference)).data.find((entry) => entry.kind === 'authorization').held;

const failed = ({ amount, result }) => {
  assert.equal(result.statusCode, 402, `${amount}: ${result.status ?? result.message}`);
  assert.equal(result.code, 'processing_error', String(amount));
  assert.equal(result.payment_intent.status, 'requires_payment_method', String(amount));
};
const timedOut = (given) => {
  failed(given);
  assert.ok(given.took > 19000 && given.took < 28000, `${given.amount} took ${given.took} ms`);
};
const paid = ({ amount, result }) => assert.equal(result.status, 'succeeded', `${amount}: ${result.message}`);
const declined = (code) => ({ amount, result }) => assert.equal(result.decline_code, code, `${amount}: ${result.status ?? result.message}`);

// By amount: no answer, an answer after 25 s, with a broken bitmap, twice, with another STAN, with another amount, …
const expected = {
  200001: timedOut, 200002: timedOut, 200004: timedOut, 200005: paid, 200006: timedOut, 200007: timedOut, 200008: paid,
  200009: declined('insufficient_funds'), 200010: declined('withdrawal_count_limit_exceeded'), 200014: paid, 200015: failed,
};

test('faults that an amount asks for', async () => {
  const late = await metric('vault', 'late_response_total');
  const mismatched = await metric('vault', 'acquirer_answer_mismatch_total');
  const method = () => stripe().paymentMethods.create({
    type: 'card', card: { number: '4242424242424242', exp_month: 11, exp_year: 2035, cvc: '123' },
    billing_details: { address: { line1: 'Rua Augusta 12', postal_code: '1100-053', country: 'PT' } },
  });
  const checked = async (amount) => outcome(amount, { payment_method: (await method()).id, expand: ['latest_charge'] });
  const [wrongCode, wrongAddress, ...rest] = await Promise.all([checked(200011), checked(200012), ...Object.keys(expected).map((amount) => outcome(Number(amount)))]);
  for (const one of rest) expected[one.amount](one);
  paid(wrongCode);
  paid(wrongAddress);
  const checks = ({ result }) => result.latest_charge.payment_method_details.card.checks;
  assert.equal(checks(wrongCode).cvc_check, 'fail');
  assert.equal(checks(wrongCode).address_line1_check, 'pass');
  assert.equal(checks(wrongAddress).cvc_check, 'pass');
  assert.equal(checks(wrongAddress).address_line1_check, 'fail');
  assert.equal(checks(wrongAddress).address_postal_code_check, 'fail');

  // The late answer comes, and changes nothing; nor did the second of two, or the one with another amount.
  await until(async () => (await metric('vault', 'late_response_total')) >= late + 2, 20000, 'the late answer');
  assert.ok((await metric('vault', 'acquirer_answer_mismatch_total')) > mismatched);
  const silent = rest.find(({ amount }) => amount === 200002).result.payment_intent.id;
  assert.equal((await stripe().paymentIntents.retrieve(silent)).status, 'requires_payment_method');
  await booksAgree();
});

test('an acquirer that hangs up after reading costs a payment no time and no money', async () => {
  const one = await outcome(200003);
  failed(one);
  assert.ok(one.took < 19000, `took ${one.took} ms`);
  await booksAgree();
});

test('a refused capture leaves the authorization to be canceled', async () => {
  const intent = await create(200015, { capture_method: 'manual' });
  assert.equal(intent.status, 'requires_capture');
  const error = await stripe().paymentIntents.capture(intent.id).catch((e) => e);
  assert.equal(error.code, 'processing_error', error.message);
  assert.equal((await stripe().paymentIntents.retrieve(intent.id)).status, 'requires_capture');
  assert.equal((await stripe().paymentIntents.cancel(intent.id)).status, 'canceled');
  await booksAgree();
});

test('response codes that are no approval of this amount take no money', async () => {
  const declines = { 100005: 'do_not_honor', 100051: 'insufficient_funds', 100054: 'expired_card', 100010: 'insufficient_funds', 100085: 'generic_decline', 100091: 'issuer_not_available' };
  for (const one of await Promise.all(Object.keys(declines).map((amount) => outcome(Number(amount))))) declined(declines[one.amount])(one);
  await booksAgree();
});

// The acquirer carries out each reversal, but answers the third only; each death of the vault is followed by a repeat at once.
test('a void outlives the vault and is repeated until the acquirer has it', async () => {
  const repeats = () => metric('acquirer', 'simulator_requests_total{mti="0421"');
  const before = await repeats();
  const intent = await create(200013, { capture_method: 'manual' });
  assert.equal(intent.status, 'requires_capture');
  assert.equal((await stripe().paymentIntents.cancel(intent.id)).status, 'canceled');
  const find = () => sql('vault', "SELECT state, attempts, rrn FROM exchange WHERE kind = 'reversal' AND amount = 200013 ORDER BY created_at DESC")[0];
  for (const attempts of [1, 2]) {
    await until(() => Number(find()[1]) === attempts, 20000, `attempt ${attempts}`);
    assert.equal(find()[0], 'queued');
    process.kill(sandbox().pids.vault, 'SIGKILL');
    gatewayRun();
  }
  await until(() => find()[0] === 'answered', 20000, 'the third attempt');
  assert.equal(Number(find()[1]), 3);
  assert.ok((await repeats()) >= before + 2);
  assert.equal(await heldOf(find()[2]), 0);
  await booksAgree();
});
