// What an operator's Prometheus sees of each process.
import test from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import { spawnSync } from 'node:child_process';
import { directory, issuer, relaxed, request, sandbox, top, until } from '../lib/sandbox.mjs';

const get = (url) => new Promise((resolve, reject) => {
  // A connection of its own: the listener closes each behind its answer.
  http.get(url, { agent: false, headers: { Connection: 'close' } }, (answer) => {
    let text = '';
    answer.on('data', (chunk) => { text += chunk; });
    answer.on('end', () => resolve({ status: answer.statusCode, text }));
  }).on('error', reject);
});

// [{name, labels, value}]
async function scrape(process) {
  const { status, text } = await get(sandbox().metrics[process]);
  assert.equal(status, 200);
  return text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(`not a sample: ${line}`);
    return { name, labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text])), value: Number(value) };
  });
}
const matching = (samples, name, labels = {}) =>
  samples.filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
const sum = (samples, name, labels) => matching(samples, name, labels).reduce((all, { value }) => all + value, 0);

// How much each of these grew while the act was done.
async function growth(process, act, wanted) {
  const before = await scrape(process);
  await act();
  const after = await scrape(process);
  return Object.fromEntries(Object.entries(wanted).map(([key, [name, labels]]) => [key, sum(after, name, labels) - sum(before, name, labels)]));
}
const pay = () => relaxed().paymentIntents.create({ amount: 1500, currency: 'eur', payment_method: 'pm_card_visa', confirm: true });

test('the gateway counts and times requests by route, and waits for its pool', async () => {
  const route = { route: '/v1/payment_intents' };
  const grown = await growth('gateway', async () => {
    await pay();
    await request('GET', '/v1/payment_intents/pi_nothingofthatname00000000');
    await request('GET', '/v1/nowhere/at_all_12345678');
    await request('POST', '/v1/payment_intents', { key: 'sk_test_wrong', body: { amount: '1', currency: 'eur' } });
  }, {
    paid: ['http_requests_total', { ...route, method: 'POST', status: '200' }],
    refused: ['http_requests_total', { ...route, method: 'POST', status: '401' }],
    unknown: ['http_requests_total', { route: 'unknown', method: 'GET', status: '404' }],
    timed: ['http_request_seconds_count', route],
    bucketed: ['http_request_seconds_bucket', { ...route, le: '+Inf' }],
    waits: ['db_pool_wait_seconds_count', {}],
    committed: ['db_transactions_total', { result: 'committed' }],
  });
  assert.ok(grown.waits >= 2 && grown.committed >= 2, JSON.stringify(grown));
  assert.deepEqual({ ...grown, waits: 0, committed: 0 }, { paid: 1, refused: 1, unknown: 1, timed: 2, bucketed: 2, waits: 0, committed: 0 });
});

test('the vault counts and times requests, HSM calls and the acquirer', async () => {
  const grown = await growth('vault', pay, {
    requests: ['http_requests_total', { status: '200' }],
    timed: ['http_request_seconds_count', {}],
    sealed: ['hsm_calls_total', { result: 'CKR_OK' }],
    hsm: ['hsm_call_seconds_count', {}],
    authorizations: ['acquirer_requests_total', { mti: '0100', result: 'answered' }],
    answered: ['acquirer_response_seconds_count', { mti: '0100' }],
    waits: ['db_pool_wait_seconds_count', {}],
  });
  assert.equal(grown.authorizations, 1);
  assert.equal(grown.answered, 1);
  for (const [name, value] of Object.entries(grown)) assert.ok(value >= 1, name);
  // The simulator answers this amount a byte at a time.
  const slow = relaxed({ timeout: 60000 }).paymentIntents.create({ amount: 200014, currency: 'eur', payment_method: 'pm_card_visa', confirm: true });
  await until(async () => sum(await scrape('vault'), 'acquirer_in_flight') === 1, 10000, 'an authorization in flight');
  assert.equal((await slow).status, 'succeeded');
  const now = await until(async () => { const samples = await scrape('vault'); return sum(samples, 'acquirer_in_flight') === 0 && samples; }, 10000, 'nothing in flight');
  assert.equal(matching(now, 'acquirer_in_flight').length, 1);
  assert.equal(sum(now, 'acquirer_link_up'), 1);
  for (const name of ['saf_queue_depth', 'saf_oldest_seconds']) assert.equal(matching(now, name).length, 1);
});

test('the acquirer simulator counts and times messages', async () => {
  const grown = await growth('acquirer', pay, {
    approved: ['simulator_requests_total', { mti: '0100', response: '00' }],
    timed: ['simulator_request_seconds_count', { mti: '0100' }],
  });
  assert.deepEqual(grown, { approved: 1, timed: 1 });
  assert.ok(sum(await scrape('acquirer'), 'simulator_requests_total', { mti: '0800' }) >= 1);
  for (const path of ['/healthz', '/readyz']) assert.deepEqual(await issuer(path), { status: 'ok' });
});

test('no label holds an id, a number or anything else that a caller chose', async () => {
  await request('GET', '/v1/payment_intents/pi_4242424242424242aaaaaaaaaa');
  await request('DELETE', '/v1/4242424242424242');
  for (const process of ['gateway', 'vault', 'acquirer']) {
    for (const { name, labels } of await scrape(process)) {
      for (const [label, value] of Object.entries(labels)) {
        if (label === 'le' || label === 'quantile') continue;
        assert.match(value, /^[A-Za-z_./{}+-]*\d{0,4}[A-Za-z_./{}]*$/, `${process}: ${name}{${label}="${value}"}`);
        assert.doesNotMatch(value, /\b(pi|ch|pm|acct|req|evt|sk|pk|rk)_/, `${process}: ${name}{${label}="${value}"}`);
      }
    }
  }
});

test('metrics are served on loopback only', async () => {
  const outside = Object.values(os.networkInterfaces()).flat().find(({ internal, family }) => !internal && family === 'IPv4');
  if (!outside) return;
  for (const url of Object.values(sandbox().metrics)) {
    const outcome = await new Promise((resolve) => {
      const socket = net.connect(Number(new URL(url).port), outside.address);
      socket.on('connect', () => { socket.destroy(); resolve('connected'); });
      socket.on('error', ({ code }) => resolve(code));
    });
    assert.equal(outcome, 'ECONNREFUSED');
  }
});

test('a process whose metrics port is taken says so and ends', () => {
  const { port } = new URL(sandbox().metrics.acquirer);
  for (const name of ['gateway', 'vault']) {
    const { status, stderr } = spawnSync(`${top}/build/release/bin/portcullis-${name}`,
      ['serve', '--config', `${directory}/config/${name}.toml`, '--set', 'server.port=0', '--set', `metrics.port=${port}`], { encoding: 'utf8', timeout: 20000 });
    assert.equal(status, 1, stderr);
    assert.match(stderr, new RegExp(`cannot listen on metrics port ${port}`));
  }
});
