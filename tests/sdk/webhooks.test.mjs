// Webhook endpoints and events through the official SDK, with receivers on loopback.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { relaxed, request, sql, strict, top, until } from '../lib/sandbox.mjs';
import { Receiver, freePort } from '../lib/receiver.mjs';

const stripe = relaxed();
const pay = (amount = 2000) => stripe.paymentIntents.create({ amount, currency: 'eur', payment_method: 'pm_card_visa', confirm: true });
const types = ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded'];

// An endpoint at a receiver for the time of the test.
async function endpointAt(t, receiver, more = {}) {
  const endpoint = await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'], ...more });
  t.after(() => stripe.webhookEndpoints.del(endpoint.id).catch(() => {}));
  return endpoint;
}
async function receiverFor(t, answer) {
  const receiver = await new Receiver(answer).listen();
  t.after(() => receiver.close());
  return receiver;
}

test('an endpoint is made, read, listed, changed and deleted, and shows its secret once', async () => {
  const made = await stripe.webhookEndpoints.create({
    url: 'https://example.com/hook', enabled_events: ['charge.succeeded', 'charge.failed'], description: 'Orders', metadata: { shop: '1' }, api_version: '2025-03-31.basil',
  });
  assert.match(made.id, /^we_/);
  assert.match(made.secret, /^whsec_[A-Za-z0-9]{32}$/);
  assert.deepEqual({ ...made, id: '', secret: '', created: 0, lastResponse: 0 }, {
    id: '', object: 'webhook_endpoint', api_version: '2025-03-31.basil', application: null, created: 0, description: 'Orders', enabled_events: ['charge.succeeded', 'charge.failed'],
    livemode: false, metadata: { shop: '1' }, status: 'enabled', url: 'https://example.com/hook', secret: '', lastResponse: 0,
  });
  const read = await stripe.webhookEndpoints.retrieve(made.id);
  assert.equal(read.secret, undefined);
  assert.equal(read.url, made.url);
  assert.ok((await stripe.webhookEndpoints.list({ limit: 100 })).data.some(({ id, secret }) => id === made.id && secret === undefined));
  const changed = await stripe.webhookEndpoints.update(made.id, { url: 'https://example.com/other', enabled_events: ['*'], description: '', metadata: { shop: '', town: 'Ulm' }, disabled: true });
  assert.deepEqual([changed.url, changed.enabled_events, changed.description, changed.metadata, changed.status], ['https://example.com/other', ['*'], null, { town: 'Ulm' }, 'disabled']);
  assert.equal((await stripe.webhookEndpoints.update(made.id, { disabled: false })).status, 'enabled');
  const gone = await stripe.webhookEndpoints.del(made.id);
  assert.deepEqual([gone.id, gone.object, gone.deleted], [made.id, 'webhook_endpoint', true]);
  for (const call of [() => stripe.webhookEndpoints.retrieve(made.id), () => stripe.webhookEndpoints.update(made.id, { disabled: false }), () => stripe.webhookEndpoints.del(made.id)])
    await assert.rejects(call, { statusCode: 404, code: 'resource_missing', message: `No such webhook endpoint: '${made.id}'` });
  assert.ok(!(await stripe.webhookEndpoints.list({ limit: 100 })).data.some(({ id }) => id === made.id));
});

test('what is wrong with an endpoint is told by parameter', async () => {
  const create = (parameters) => stripe.webhookEndpoints.create({ url: 'https://example.com/', enabled_events: ['*'], ...parameters });
  for (const url of ['ftp://example.com/', 'example.com', 'https://user:pass@example.com/', 'http://169.254.169.254/latest', 'http://[::ffff:127.0.0.1]/', 'http://2130706433/', 'https://example.com:443x/', 'https://exa mple.com/'])
    await assert.rejects(create({ url }), { statusCode: 400, code: 'url_invalid', param: 'url' }, url);
  await assert.rejects(create({ enabled_events: ['charge.succeeded', 'charge.exploded'] }), { statusCode: 400, param: 'enabled_events[1]' });
  await assert.rejects(create({ enabled_events: ['charge.*'] }), { statusCode: 400, param: 'enabled_events[0]' });
  await assert.rejects(create({ api_version: '2019-01-01' }), { statusCode: 400, message: 'Invalid Stripe API version: 2019-01-01' });
  await assert.rejects(create({ connect: true }), { statusCode: 400, param: 'connect' });
  for (const body of ['url=https://example.com/', 'enabled_events[]=*', 'url=https://example.com/&enabled_events='])
    assert.equal((await request('POST', '/v1/webhook_endpoints', { body })).status, 400, body);
  assert.equal((await request('GET', '/v1/webhook_endpoints/we_nothing')).status, 404);
});

test('an account has sixteen endpoints at most', async () => {
  const mine = strict();
  const made = [];
  for (let i = 0; i < 16; ++i) made.push((await mine.webhookEndpoints.create({ url: `https://example.com/${i}`, enabled_events: ['account.updated'] })).id);
  await assert.rejects(mine.webhookEndpoints.create({ url: 'https://example.com/16', enabled_events: ['*'] }), { statusCode: 400 });
  await mine.webhookEndpoints.del(made.pop());
  made.push((await mine.webhookEndpoints.create({ url: 'https://example.com/16', enabled_events: ['account.updated'] })).id);
  const listed = [];
  for await (const endpoint of mine.webhookEndpoints.list({ limit: 5 })) listed.push(endpoint.id);
  assert.deepEqual(listed, made.toReversed());
  for (const id of made) {
    await assert.rejects(stripe.webhookEndpoints.retrieve(id), { statusCode: 404 });
    await mine.webhookEndpoints.del(id);
  }
});

test('a repeated creation answers with the same secret, and the database holds none in clear', async () => {
  const idempotencyKey = 'webhook-' + Date.now();
  const parameters = { url: 'https://example.com/', enabled_events: ['account.updated'] };
  const first = await stripe.webhookEndpoints.create(parameters, { idempotencyKey });
  const second = await stripe.webhookEndpoints.create(parameters, { idempotencyKey });
  assert.equal(second.id, first.id);
  assert.equal(second.secret, first.secret);
  for (const table of ['idempotency_keys', 'webhook_endpoints', 'events'])
    assert.deepEqual(sql('gateway', `SELECT count(*) FROM ${table} AS t WHERE t::text LIKE '%${first.secret.slice(6)}%'`), [['0']], table);
  await stripe.webhookEndpoints.del(first.id);
});

test("a payment's events arrive signed, in their order, and as the API has them", async (t) => {
  const receiver = await receiverFor(t);
  const endpoint = await endpointAt(t, receiver);
  const payment = await pay();
  await until(() => receiver.of(payment.id).length === 3, 10000, 'three events');
  const got = receiver.of(payment.id);
  assert.deepEqual(got.map(({ event }) => event.type), types);
  for (const { body, headers, event } of got) {
    assert.equal(headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(headers.authorization, undefined);
    const signature = headers['stripe-signature'];
    const verified = stripe.webhooks.constructEvent(body, signature, endpoint.secret);
    assert.equal(verified.id, event.id);
    assert.throws(() => stripe.webhooks.constructEvent(body + ' ', signature, endpoint.secret), { type: 'StripeSignatureVerificationError' });
    assert.throws(() => stripe.webhooks.constructEvent(body, signature, endpoint.secret + 'x'), { type: 'StripeSignatureVerificationError' });
    await until(async () => (await stripe.events.retrieve(event.id)).pending_webhooks === 0, 5000, 'the event to be delivered');
    const { pending_webhooks, ...kept } = await stripe.events.retrieve(event.id);
    const { pending_webhooks: at_first, ...sent } = event;
    assert.equal(at_first, 1);
    assert.deepEqual(JSON.parse(JSON.stringify(kept)), sent);
  }
});

test('an endpoint gets what it asked for, and nothing while it is disabled', async (t) => {
  const receiver = await receiverFor(t);
  const endpoint = await endpointAt(t, receiver, { enabled_events: ['charge.succeeded'] });
  const first = await pay();
  await until(() => receiver.of(first.id).length === 1, 10000, 'the charge');
  await stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
  const second = await pay();
  await stripe.webhookEndpoints.update(endpoint.id, { disabled: false });
  const third = await pay();
  await until(() => receiver.of(third.id).length === 1, 10000, 'the third charge');
  assert.deepEqual(receiver.received.map(({ event }) => event.type), ['charge.succeeded', 'charge.succeeded']);
  assert.equal(receiver.of(second.id).length, 0);
});

test('events are listed by type, wildcard, sequence and delivery, and sent again on request', async (t) => {
  const receiver = await receiverFor(t, () => 500);
  const before = (await stripe.events.list({ limit: 1 })).data[0]?.sequence ?? 0;
  const endpoint = await endpointAt(t, receiver);
  const payment = await pay();
  await until(() => receiver.of(payment.id).length === 3, 10000, 'three tries');
  const mine = (events) => events.filter(({ data: { object } }) => object.id === payment.id || object.payment_intent === payment.id).map(({ type }) => type);
  const list = async (parameters) => (await stripe.events.list({ limit: 100, ...parameters })).data;
  assert.deepEqual(mine(await list({})), types.toReversed());
  assert.deepEqual(mine(await list({ type: 'charge.succeeded' })), ['charge.succeeded']);
  assert.deepEqual(mine(await list({ type: 'payment_intent.*' })), ['payment_intent.succeeded', 'payment_intent.created']);
  assert.deepEqual(mine(await list({ types: ['charge.succeeded', 'payment_intent.created'] })), ['charge.succeeded', 'payment_intent.created']);
  assert.deepEqual(mine(await list({ delivery_success: false })), types.toReversed());
  assert.deepEqual(mine(await list({ delivery_success: true })), []);
  assert.deepEqual(mine(await list({ created: { lt: payment.created } })), []);
  const oldestFirst = (await request('GET', `/v1/events?after_sequence=${before}&limit=100`)).body.data;
  assert.deepEqual(mine(oldestFirst), types);
  assert.deepEqual(oldestFirst.map(({ sequence }) => sequence), oldestFirst.map((_, i) => before + 1 + i));
  const paged = [];
  for await (const event of stripe.events.list({ limit: 2 })) {
    paged.push(event.id);
    if (paged.length === 7) break;
  }
  assert.deepEqual(paged, (await list({})).slice(0, 7).map(({ id }) => id));
  assert.deepEqual((await list({ ending_before: paged[3], limit: 3 })).map(({ id }) => id), paged.slice(0, 3));
  for (const query of ['type=a&types[]=b', 'after_sequence=1&starting_after=evt_x', 'starting_after=evt_x', 'limit=101'])
    assert.equal((await request('GET', '/v1/events?' + query)).status, 400, query);
  assert.equal((await request('GET', '/v1/events/evt_nothing')).status, 404);

  receiver.answer = () => 200;
  const { event } = receiver.of(payment.id)[1];
  const again = await request('POST', `/v1/events/${event.id}/redeliver`);
  assert.equal(again.body.id, event.id);
  await until(() => receiver.of(payment.id).length === 4, 10000, 'the event sent again');
  assert.equal(receiver.of(payment.id)[3].body, receiver.of(payment.id)[1].body);
  await until(async () => (await stripe.events.retrieve(event.id)).pending_webhooks === 0, 5000, 'its delivery');
  // Also to an endpoint that was made since.
  const later = await receiverFor(t);
  await endpointAt(t, later, { enabled_events: ['charge.succeeded'] });
  await request('POST', `/v1/events/${event.id}/redeliver`);
  await until(() => later.of(payment.id).length === 1, 10000, 'the event at the new endpoint');
  assert.ok(endpoint.secret);
});

test('what was not taken is sent again when it is due', async (t) => {
  const receiver = await receiverFor(t, () => 503);
  const endpoint = await endpointAt(t, receiver, { enabled_events: ['charge.succeeded'] });
  const payment = await pay();
  const state = () => sql('gateway', `SELECT state, attempts, last_status, due_at > extract(epoch FROM now()) * 1000 + 200000 FROM webhook_deliveries WHERE endpoint = '${endpoint.id}'`)[0];
  await until(() => state()?.join() === 'pending,1,503,t', 10000, 'the first try');
  receiver.answer = () => 204;
  sql('gateway', `UPDATE webhook_deliveries SET due_at = 0 WHERE endpoint = '${endpoint.id}'`);
  await until(() => state()[0] === 'delivered', 10000, 'the second try');
  assert.equal(receiver.of(payment.id).length, 2);
});

test('a secret is replaced while the old one goes on signing', async (t) => {
  const receiver = await receiverFor(t);
  const endpoint = await endpointAt(t, receiver, { enabled_events: ['charge.succeeded'] });
  const { body: rotated } = await request('POST', `/v1/webhook_endpoints/${endpoint.id}/rotate_secret`);
  assert.match(rotated.secret, /^whsec_/);
  assert.notEqual(rotated.secret, endpoint.secret);
  const first = await pay();
  await until(() => receiver.of(first.id).length === 1, 10000, 'the event');
  const both = receiver.of(first.id)[0];
  for (const secret of [endpoint.secret, rotated.secret]) assert.ok(stripe.webhooks.constructEvent(both.body, both.headers['stripe-signature'], secret));
  const { body: last } = await request('POST', `/v1/webhook_endpoints/${endpoint.id}/rotate_secret`, { body: { overlap_seconds: 0 } });
  const second = await pay();
  await until(() => receiver.of(second.id).length === 1, 10000, 'the next event');
  const one = receiver.of(second.id)[0];
  assert.ok(stripe.webhooks.constructEvent(one.body, one.headers['stripe-signature'], last.secret));
  assert.throws(() => stripe.webhooks.constructEvent(one.body, one.headers['stripe-signature'], rotated.secret));
  assert.equal((await request('POST', `/v1/webhook_endpoints/${endpoint.id}/rotate_secret`, { body: { overlap_seconds: 86401 } })).status, 400);
});

for (const [language, command] of [['Node', [process.execPath, 'docs/examples/webhook_receiver.mjs']], ['Python', ['python3', 'docs/examples/webhook_receiver.py']]]) {
  test(`the receiver of the documentation for ${language} takes what is signed and nothing else`, async (t) => {
    const port = await freePort();
    const endpoint = await endpointAt(t, { url: `http://127.0.0.1:${port}/` }, { enabled_events: ['charge.succeeded'] });
    const child = spawn(command[0], command.slice(1), { cwd: top, env: { ...process.env, PORT: String(port), WEBHOOK_SECRET: endpoint.secret }, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    let printed = '';
    child.stdout.on('data', (chunk) => { printed += chunk; });
    await until(() => printed.includes('listening'), 10000, 'the receiver');
    const payment = await pay();
    await until(() => printed.includes(`charge.succeeded ${payment.latest_charge}`), 10000, 'the event');
    const post = (headers) => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{"id":"evt_1"}', headers });
    const now = Math.floor(Date.now() / 1000);
    const sign = (time, secret = endpoint.secret) => stripe.webhooks.generateTestHeaderString({ payload: '{"id":"evt_1"}', secret, timestamp: time });
    assert.equal((await post({})).status, 400);
    assert.equal((await post({ 'Stripe-Signature': sign(now, 'whsec_other') })).status, 400);
    assert.equal((await post({ 'Stripe-Signature': sign(now - 301) })).status, 400);
    assert.equal((await post({ 'Stripe-Signature': sign(now).replace(/v1=./, 'v1=z') })).status, 400);
    child.kill();
    await once(child, 'exit');
  });
}
