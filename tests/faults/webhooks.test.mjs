// Receivers that hang, fail, lie or flood, and a gateway that dies while it sends: others are on time, nothing is lost.
import test from 'node:test';
import assert from 'node:assert/strict';
import tls from 'node:tls';
import fs from 'node:fs';
import { once } from 'node:events';
import { directory, gatewayRun, relaxed, sandbox, sql, until } from '../lib/sandbox.mjs';
import { Receiver } from '../lib/receiver.mjs';

const stripe = () => relaxed();
const pay = () => stripe().paymentIntents.create({ amount: 1500, currency: 'eur', payment_method: 'pm_card_visa', confirm: true });
const endpointAt = async (t, url, enabled_events = ['charge.succeeded']) => {
  const endpoint = await stripe().webhookEndpoints.create({ url, enabled_events });
  t.after(() => stripe().webhookEndpoints.del(endpoint.id).catch(() => {}));
  return endpoint;
};
const receiverFor = async (t, answer) => {
  const receiver = await new Receiver(answer).listen();
  t.after(() => receiver.close());
  return receiver;
};
const outcome = (endpoint) => sql('gateway', `SELECT state, coalesce(last_status::text, last_fault) FROM webhook_deliveries WHERE endpoint = '${endpoint.id}'`).map((row) => row.join(' '));

test('receivers that hang, fail, redirect, flood or break TLS harm themselves only', async (t) => {
  const flood = (response) => {
    response.writeHead(200, { 'Content-Length': 10_000_000 });
    response.on('error', () => {});
    response.write(Buffer.alloc(10_000_000));
  };
  const broken = tls.createServer({ cert: fs.readFileSync(`${directory}/certs/internal/acquirer.pem`), key: fs.readFileSync(`${directory}/certs/internal/acquirer.key`) }, () => assert.fail('the handshake succeeded'));
  broken.on('tlsClientError', () => {});
  broken.listen(0, '127.0.0.1');
  await once(broken, 'listening');
  t.after(() => broken.close());
  const [hanging, failing, redirecting, flooding, good] = await Promise.all([() => undefined, () => 500, () => 307, () => flood, () => 200].map((answer) => receiverFor(t, answer)));
  const endpoints = {};
  for (const [name, url] of Object.entries({ hanging: hanging.url, failing: failing.url, redirecting: redirecting.url, flooding: flooding.url, refusing: 'http://127.0.0.1:1/', insecure: `https://localhost:${broken.address().port}/`, good: good.url }))
    endpoints[name] = await endpointAt(t, url);
  const began = Date.now();
  const payments = [];
  for (let i = 0; i < 5; i++) payments.push(await pay());
  await until(() => payments.every(({ id }) => good.of(id).length === 1), 8000, 'the good receiver to have all events');
  assert.ok(Date.now() - began < 15000);
  await until(() => outcome(endpoints.hanging).includes('pending timeout'), 40000, 'the hanging one to be given up for now');
  assert.ok(outcome(endpoints.failing).every((line) => line === 'pending 500'));
  assert.ok(outcome(endpoints.redirecting).every((line) => line === 'pending 307'));
  assert.ok(outcome(endpoints.flooding).every((line) => line === 'delivered 200'), 'a status is a status, whatever follows');
  assert.ok(outcome(endpoints.refusing).includes('pending unreachable'));
  assert.ok(outcome(endpoints.insecure).includes('pending tls'));
  assert.ok(hanging.received.length <= 2, 'a hanging receiver is not asked again at once');
});

test('an event that a killed gateway was sending is sent again by the next, with the same id and body', async (t) => {
  const receiver = await receiverFor(t, () => undefined);
  await endpointAt(t, receiver.url);
  const payment = await pay();
  await until(() => receiver.of(payment.id).length === 1, 10000, 'the first try');
  process.kill(sandbox().pids.gateway, 'SIGKILL');
  receiver.answer = () => 200;
  await new Promise((resolve) => setTimeout(resolve, 300));
  gatewayRun();
  await until(() => receiver.of(payment.id).length === 2, 60000, 'the lease to run out');
  const [first, second] = receiver.of(payment.id);
  assert.equal(second.body, first.body);
  assert.notEqual(second.headers['stripe-signature'], first.headers['stripe-signature']);
});

test('what was committed while the gateway died is delivered afterwards', async (t) => {
  const receiver = await receiverFor(t);
  await endpointAt(t, receiver.url);
  const paid = [];
  let stopped = false;
  const load = Promise.all(Array.from({ length: 6 }, async () => {
    while (!stopped) await pay().then(({ id }) => paid.push(id), () => {});
  }));
  await new Promise((resolve) => setTimeout(resolve, 800));
  process.kill(sandbox().pids.gateway, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 300));
  gatewayRun();
  await new Promise((resolve) => setTimeout(resolve, 500));
  stopped = true;
  await load;
  assert.ok(paid.length > 0);
  await until(() => paid.every((id) => receiver.of(id).length > 0), 90000, 'all events');
});
