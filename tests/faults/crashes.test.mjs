// Processes that die or fall silent: nothing that was answered is lost, nothing is charged twice, no hold stays behind.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { booksAgree } from '../lib/books.mjs';
import { gatewayRun, relaxed, request, sandbox, sql, until } from '../lib/sandbox.mjs';

const key = () => 'fault-' + Math.random().toString(36).slice(2);
const pay = (amount, idempotencyKey, extra = {}) =>
  relaxed({ maxNetworkRetries: 0, timeout: 60000 }).paymentIntents.create({ amount, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, ...extra }, { idempotencyKey });
const definite = async (amount, idempotencyKey, extra) => {
  // A client that got no answer asks again with the same key until it gets one.
  for (let i = 0; i < 120; i++) {
    const result = await pay(amount, idempotencyKey, extra).catch((e) => e);
    if (!(result instanceof Error)) return result;
    if (result.type === 'StripeCardError') return result;
    if (!['StripeConnectionError', 'StripeAPIError', 'StripeRateLimitError'].includes(result.type)) throw result;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('never definite');
};

for (const name of ['gateway', 'vault', 'acquirer', 'postgres']) {
  test(`kill -9 of ${name} under load loses nothing that was answered`, async () => {
    const before = await pay(1111, key());
    let stopped = false;
    const answers = [];
    const load = Promise.all(Array.from({ length: 8 }, async () => {
      while (!stopped) {
        const id = key();
        const amount = 1000 + Math.floor(Math.random() * 900);
        answers.push({ id, amount, first: await pay(amount, id).catch((e) => e) });
      }
    }));
    try {
      await new Promise((resolve) => setTimeout(resolve, 700));
      process.kill(sandbox().pids[name], 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 700));
      gatewayRun();
      await new Promise((resolve) => setTimeout(resolve, 300));
    } finally {
      stopped = true;
      await load;
    }
    assert.ok(answers.length > 8);
    let answered = 0;
    for (const { id, amount, first } of answers) {
      const now = await definite(amount, id);
      if (!(first instanceof Error)) {
        assert.equal(now.id, first.id);
        assert.equal(now.status, first.status);
        answered += 1;
      }
      if (!(now instanceof Error) && now.status === 'processing') {
        const ended = await until(async () => { const p = await relaxed().paymentIntents.retrieve(now.id); return p.status !== 'processing' && p; }, 60000, 'an end of processing');
        assert.ok(['succeeded', 'requires_payment_method'].includes(ended.status));
      }
    }
    assert.ok(answered > 0);
    assert.equal((await relaxed().paymentIntents.retrieve(before.id)).status, 'succeeded');
    await booksAgree();
  });
}

test('without the vault a payment gets a 503 that says to try again, and the gateway says it is not ready', async () => {
  process.kill(sandbox().pids.vault, 'SIGKILL');
  const answer = await request('POST', '/v1/payment_methods', { body: { type: 'card', 'card[number]': '4242424242424242', 'card[exp_month]': '12', 'card[exp_year]': '2034' } });
  assert.equal(answer.status, 503);
  assert.equal(answer.body.error.type, 'api_error');
  assert.equal(answer.headers['stripe-should-retry'], 'true');
  assert.equal((await request('GET', '/readyz', { key: null })).status, 503);
  assert.equal((await request('GET', '/healthz', { key: null })).status, 200);
  gatewayRun();
  assert.equal((await request('GET', '/readyz', { key: null })).status, 200);
  assert.equal((await definite(1200, key())).status, 'succeeded');
});

test('without the acquirer an authorization is refused and books nothing', async () => {
  process.kill(sandbox().pids.acquirer, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const error = await pay(1300, key()).catch((e) => e);
  assert.ok(['processing_error', undefined].includes(error.code), error.message);
  gatewayRun();
  await booksAgree();
});

test('the ledger balances and events have no gap', () => {
  const gaps = sql('gateway', 'SELECT account_id, count(*), max(sequence) FROM events GROUP BY account_id HAVING count(*) <> max(sequence)');
  assert.deepEqual(gaps, []);
  assert.ok(Number(sql('gateway', 'SELECT count(*) FROM events')[0][0]) > 0);
});

test('logs of a run hold only JSON lines', () => {
  for (const name of ['gateway', 'vault', 'acquirer']) {
    const lines = fs.readFileSync(sandbox().ca_file.replace('certs/ca.pem', `logs/${name}.log`), 'utf8').split('\n').filter(Boolean);
    for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), `${name}: ${line}`);
  }
});
