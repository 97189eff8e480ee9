// The gateway dies at every point of a confirmation at which something has just been written, sent or learnt. The same
// idempotency key then finds the one outcome: paid once, or not at all, never twice.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { booksAgree } from '../lib/books.mjs';
import { gatewayRun, issuer, relaxed, sandbox, until } from '../lib/sandbox.mjs';

// Before the first commit · before the vault is asked · its answer known, not booked · booked, the capture not asked for · …
const points = ['confirm.commit', 'confirm.ask', 'confirm.book', 'confirm.done', 'settle.ask', 'settle.book', 'settle.done'];
const stripe = () => relaxed({ maxNetworkRetries: 0, timeout: 60000 });
const restart = (failpoint) => {
  process.kill(sandbox().pids.gateway, 'SIGKILL');
  if (failpoint) process.env.FAILPOINT = failpoint;
  try { gatewayRun(); } finally { delete process.env.FAILPOINT; }
};
// One that nobody has waited for yet does not run any more.
const isRunning = (pid) => { try { return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8')); } catch { return false; } };
const key = (point) => `failpoint-${point}-${process.pid}`;
after(() => gatewayRun());
const confirm = (id, point) => stripe().paymentIntents.confirm(id, { payment_method: 'pm_card_visa' }, { idempotencyKey: key(point) });

test('a gateway that dies at any point of a confirmation has one outcome for its key', async () => {
  const intents = {};
  for (const [i, point] of points.entries()) {
    intents[point] = (await stripe().paymentIntents.create({ amount: 61000 + i, currency: 'eur' })).id;
    restart(point);
    const pid = sandbox().pids.gateway;
    const error = await confirm(intents[point], point).then(() => assert.fail(`${point} was passed`), (e) => e);
    assert.equal(error.type, 'StripeConnectionError', `${point}: ${error.message}`);
    await until(() => !isRunning(pid), 10000, `the end of the gateway at ${point}`);
    gatewayRun();
  }
  for (const [i, point] of points.entries()) {
    const outcome = await until(async () => {
      const answer = await confirm(intents[point], point).catch((e) => e);
      return (!(answer instanceof Error) || answer.statusCode === 402) && answer;
    }, 90000, `an outcome of ${point}`);
    const again = await confirm(intents[point], point).catch((e) => e);
    const intent = await stripe().paymentIntents.retrieve(intents[point], { expand: ['latest_charge'] });
    const holds = (await issuer('/authorizations')).data.filter((entry) => entry.kind === 'authorization' && entry.amount === 61000 + i);
    const captured = holds.reduce((sum, entry) => sum + (entry.captured ?? 0), 0);
    if (outcome instanceof Error) {
      // What the vault was never asked is declined when the lease has run out.
      assert.equal(point, 'confirm.ask', outcome.message);
      assert.equal(again.statusCode, 402);
      assert.equal(intent.status, 'requires_payment_method');
      assert.equal(captured, 0, point);
    } else {
      assert.equal(outcome.status, 'succeeded', point);
      assert.equal(again.latest_charge, outcome.latest_charge, point);
      assert.equal(captured, 61000 + i, point);
      assert.ok(holds.length === 1, `${point}: ${holds.length} authorizations`);
    }
    assert.ok(holds.every((entry) => (entry.held ?? 0) === 0), `${point} leaves a hold`);
  }
  await booksAgree();
});
