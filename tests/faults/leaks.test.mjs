// After a run, no card number and no CVC is anywhere but on the wire.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import { spawn, spawnSync } from 'node:child_process';
import { sendBulk } from '../lib/bulk.mjs';
import { directory, relaxed, sandbox, top } from '../lib/sandbox.mjs';

const root = process.getuid() === 0;
const luhn = (digits) => {
  const sum = [...digits].reverse().reduce((s, c, i) => { let d = Number(c); if (i % 2 === 0) { d *= 2; if (d > 9) d -= 9; } return s + d; }, 0);
  return String((10 - (sum % 10)) % 10);
};
// Numbers of the sandbox's ranges that its table of test cards does not hold: that table is in the vault's memory.
const fresh = (range) => {
  const digits = range + String(Math.floor(Math.random() * 1e9)).padStart(9, '7');
  return digits + luhn(digits);
};
const numbers = ['424242', '555555', '424242', '555555'].map(fresh);
const code = '739';
const markers = [...numbers, `cvc:${code}`];
const scanner = (markers, ...options) => {
  const file = `/tmp/portcullis-markers-${process.pid}`;
  fs.writeFileSync(file, markers.join('\n') + '\n', { mode: 0o600 });
  const result = spawnSync('python3', [top + '/tests/faults/leaks.py', file, ...options], { encoding: 'utf8', maxBuffer: 1 << 26 });
  fs.unlinkSync(file);
  return result;
};

// The vault's own API, as the gateway would call it.
const vault = (method, target, body) => new Promise((resolve, reject) => {
  const file = (name) => fs.readFileSync(`${directory}/certs/internal/${name}`);
  const url = new URL(sandbox().vault_url + target);
  const request = https.request(url, { method, ca: file('ca.pem'), cert: file('gateway.pem'), key: file('gateway.key'), headers: body ? { 'Content-Type': 'application/json' } : {} }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; });
    answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) }));
  });
  request.on('error', reject);
  request.end(body && JSON.stringify(body));
});
const throughTheVault = async (number, token_format) => {
  const account = sandbox().accounts.relaxed.id.slice('acct_'.length, 'acct_'.length + 8);
  const card = { account, livemode: false, number, exp_month: 11, exp_year: 2035, cvc: code, token_format };
  const refused = await vault('POST', '/cards', { ...card, metadata: { note: `paid with ${number}`, [number]: 'x' } });
  assert.equal(refused.status, 400);
  const { status, body: { token } } = await vault('POST', '/cards', { ...card, metadata: { order: '77' } });
  assert.equal(status, 200);
  const changed = await vault('POST', `/cards/${token}`, { account, exp_month: 12, exp_year: 2036 });
  assert.equal(changed.body.exp_year, 2036);
  assert.equal((await vault('POST', `/cards/${token}`, { account, metadata: { note: number } })).status, 400);
  const found = await vault('GET', `/cards?account=${account}&livemode=false&last4=${number.slice(-4)}&expires_from=2036-12`);
  assert.ok(found.body.data.some((each) => each.token === token));
  if (token_format === 'digits') assert.equal((await vault('DELETE', `/cards/${token}?account=${account}`)).body.erased, true);
};

// Whole, with lines that are refused, and broken off in the middle of a chunk.
const inBulks = async () => {
  const line = (number, more = {}) => JSON.stringify({ number, exp_month: 11, exp_year: 2035, ...more }) + '\n';
  const body = numbers.flatMap((number) => [line(number), line(number, { metadata: { note: number } }), line(number, { exp_year: 2020 }), line(number, { cvc: code }), `{"number":"${number}"\n`]);
  const answers = await sendBulk('leaks', body);
  assert.deepEqual(answers.at(-1), { done: true, stored: numbers.length, refused: 4 * numbers.length });
  await sendBulk('broken-off', Array.from({ length: 1700 }, (_, i) => line(numbers[i % numbers.length])), (answer, call) => call.destroy());
};

// PCI DSS 4.0.1: 3.3.1, 3.5.1
test('no card number is in a file, a dump or the memory of a process after payments', async () => {
  const stripe = relaxed();
  for (const number of numbers)
    for (let i = 0; i < 5; i++) {
      const method = await stripe.paymentMethods.create({ type: 'card', card: { number, exp_month: 11, exp_year: 2035, cvc: code } });
      const paid = await stripe.paymentIntents.create({ amount: 1000 + i, currency: 'eur', payment_method: method.id, confirm: true });
      assert.equal(paid.status, 'succeeded');
      await stripe.paymentMethods.create({ type: 'card', card: { number, exp_month: 1, exp_year: 2020 } }).catch(() => {});
    }
  for (const number of numbers)
    for (const format of ['default', 'digits']) await throughTheVault(number, format);
  await inBulks();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const { pids, admin_database_url: url } = sandbox();
  const dumps = ['gateway', 'vault'].flatMap((name) => ['--dump', url.replace('@/postgres?', `@/${name}?`)]);
  const memory = root ? ['gateway', 'vault'].flatMap((name) => ['--pid', String(pids[name])]) : [];
  // The data directory holds the databases with their write-ahead log, all logs, the journal and the token.
  const result = scanner(markers, directory, ...dumps, ...memory);
  assert.equal(result.status, 0, result.stdout + result.stderr);
});

test('the scanner finds a number that is there: in a file and in memory', async () => {
  const number = fresh('400000');
  const folder = fs.mkdtempSync('/tmp/portcullis-control-');
  fs.writeFileSync(folder + '/log', 'x'.repeat(1000) + Buffer.from(numbers[0]).toString('base64') + 'y');
  assert.equal(scanner(numbers, folder).status, 1);
  fs.writeFileSync(folder + '/log', `card[cvc]=${code}`);
  assert.equal(scanner(markers, folder).status, 1);
  fs.rmSync(folder, { recursive: true });
  if (!root) return;
  const holder = spawn('python3', ['-c', `import time; kept = ${JSON.stringify(numbers[1])} * 3; print(len(kept), number := ${JSON.stringify(number)}, flush=True); time.sleep(60)`]);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  assert.equal(scanner(numbers, '--pid', String(holder.pid)).status, 1);
  holder.kill();
});

// PCI DSS 4.0.1: 3.6.1.3
test('another user cannot read the memory of the vault, nor its secrets', { skip: root ? false : 'needs root to become another user' }, () => {
  const { pids } = sandbox();
  for (const name of ['vault', 'gateway']) {
    const read = spawnSync('runuser', ['-u', 'nobody', '--', 'cat', `/proc/${pids[name]}/mem`], { encoding: 'utf8' });
    assert.match(read.stderr, /Permission denied/);
  }
  for (const file of ['secrets/hsm_pin', 'secrets/api_key_pepper', 'sandbox.json', 'certs/internal/vault.key', 'config/vault.toml']) {
    assert.ok(fs.existsSync(`${directory}/${file}`), file);
    const read = spawnSync('runuser', ['-u', 'nobody', '--', 'cat', `${directory}/${file}`], { encoding: 'utf8' });
    assert.match(read.stderr, /Permission denied/);
  }
});

test('processes make no core files and cannot be dumped', () => {
  for (const name of ['vault', 'gateway']) {
    const limits = fs.readFileSync(`/proc/${sandbox().pids[name]}/limits`, 'utf8');
    assert.match(limits, /Max core file size\s+0\s+0/);
  }
});

// PCI DSS 4.0.1: 7.2.1
test('each service is refused by the other database', () => {
  const { database_url: gateway, vault_database_url: vault } = sandbox();
  const connect = (url) => spawnSync('/usr/lib/postgresql/15/bin/psql', ['-qtAX', url, '-c', 'SELECT 1'], { encoding: 'utf8' });
  assert.equal(connect(gateway).stdout.trim(), '1');
  assert.equal(connect(vault).stdout.trim(), '1');
  assert.match(connect(gateway.replace('@/gateway?', '@/vault?')).stderr, /permission denied for database/);
  assert.match(connect(vault.replace('@/vault?', '@/gateway?')).stderr, /permission denied for database/);
});

test('the role of the gateway sees no row of any account by itself', () => {
  const { database_url: url } = sandbox();
  const rows = spawnSync('/usr/lib/postgresql/15/bin/psql', ['-qtAX', url, '-c', 'SELECT count(*) FROM payment_intents'], { encoding: 'utf8' });
  assert.equal(rows.stdout.trim(), '0', rows.stderr);
});
