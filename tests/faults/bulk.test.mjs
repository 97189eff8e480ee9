// A bulk of cards that is broken off: sent again, it stores each card once and answers as before.
import test from 'node:test';
import assert from 'node:assert/strict';
import { sendBulk as send } from '../lib/bulk.mjs';
import { gatewayRun, sandbox, sql } from '../lib/sandbox.mjs';

// Numbers of the sandbox's open range, each with its check digit.
const number = (index) => {
  const digits = '424242' + String(index).padStart(9, '0');
  let sum = 0;
  [...digits].reverse().forEach((c, i) => { const d = Number(c) * (i % 2 === 0 ? 2 : 1); sum += d > 9 ? d - 9 : d; });
  return digits + ((10 - (sum % 10)) % 10);
};
const lines = (from, count) => Array.from({ length: count }, (_, i) => JSON.stringify({ number: number(from + i), exp_month: 12, exp_year: 2034 }) + '\n');

const stored = () => Number(sql('vault', 'SELECT count(*) FROM card')[0][0]);
const same = (first, again) => {
  for (const answer of first.filter((a) => a.card)) assert.equal(again[answer.line - 1].card.token, answer.card.token);
};

test('a bulk that a kill -9 of the vault broke off is sent again and stores each card once', async () => {
  const before = stored();
  const body = lines(1000, 20000);
  let killed = false;
  const first = await send('killed', body, (answer) => {
    if (!killed && answer.line === 3000) { killed = true; process.kill(sandbox().pids.vault, 'SIGKILL'); }
  });
  assert.ok(killed && first.length >= 3000 && first.length < 20000, `${first.length} answers`);
  assert.ok(!first.some((answer) => answer.done), 'an answer that was cut off must not look whole');
  gatewayRun();
  const again = await send('killed', body);
  assert.deepEqual(again.at(-1), { done: true, stored: 20000, refused: 0 });
  assert.equal(stored() - before, 20000);
  same(first, again);
  const third = await send('killed', body);
  assert.equal(stored() - before, 20000);
  same(again, third);
});

test('a bulk whose caller goes away is sent again and stores each card once', async () => {
  const before = stored();
  const body = lines(50000, 5000);
  const first = await send('gone', body, (answer, call) => { if (answer.line === 1000) call.destroy(); });
  assert.ok(first.length < 5000);
  const again = await send('gone', body);
  assert.deepEqual(again.at(-1), { done: true, stored: 5000, refused: 0 });
  assert.equal(stored() - before, 5000);
  same(first, again);
});

test('other cards under the name of a bulk are refused, and no card gets the token of another', async () => {
  await send('named', lines(60000, 10));
  const before = stored();
  const [answer] = await send('named', lines(60001, 10));
  assert.equal(answer.error.code, 'bulk_differs');
  assert.equal(stored(), before);
});
