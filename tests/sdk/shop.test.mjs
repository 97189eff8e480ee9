// A shop that was written for the original API (tests/sdk/shop) runs against this gateway with another host, key and
// certificate authority, and nothing else.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ca, relaxed, sandbox, top, until } from '../lib/sandbox.mjs';
import https from 'node:https';

const shopEnvironment = () => ({
  PATH: process.env.PATH, SHOP_MODULES: top + '/build/node/', SHOP_API: sandbox().gateway_url, NODE_EXTRA_CA_CERTS: sandbox().ca_file,
  SHOP_SECRET_KEY: sandbox().accounts.relaxed.secret_key, SHOP_PUBLISHABLE_KEY: sandbox().accounts.relaxed.publishable_key,
});
const refund = (...args) => promisify(execFile)(process.execPath, [top + '/tests/sdk/shop/refund.mjs', ...args], { env: shopEnvironment() });
let shop, endpoint, child;

before(async () => {
  child = spawn(process.execPath, [top + '/tests/sdk/shop/server.mjs'], { env: shopEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await Promise.race([
    new Promise((resolve) => createInterface(child.stdout).once('line', (text) => resolve([text]))),
    new Promise((_, reject) => child.once('exit', (code) => reject(new Error(`the shop ended with ${code}`)))),
  ]);
  ({ url: shop, endpoint } = JSON.parse(line));
});
after(async () => {
  child.kill();
  await relaxed().webhookEndpoints.del(endpoint).catch(() => {});
});

// What the page's script does: the card goes to the gateway with the publishable key.
function tokenize(number) {
  const body = new URLSearchParams({ type: 'card', 'card[number]': number, 'card[exp_month]': '12', 'card[exp_year]': '2034', 'card[cvc]': '123' }).toString();
  const { gateway_url, accounts } = sandbox();
  return new Promise((resolve, reject) => {
    const request = https.request(gateway_url + '/v1/payment_methods', { method: 'POST', ca: ca(), headers: { Authorization: `Bearer ${accounts.relaxed.publishable_key}`, Origin: shop, 'Content-Type': 'application/x-www-form-urlencoded' } }, async (answer) => {
      assert.equal(answer.headers['access-control-allow-origin'], '*', 'a browser may read it');
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      resolve(JSON.parse(Buffer.concat(chunks)));
    });
    request.on('error', reject);
    request.end(body);
  });
}
const order = async (number, items = [{ sku: 'mug', quantity: 2 }], email = 'jenny@example.com') => {
  const { id: payment_method } = await tokenize(number);
  return (await fetch(shop + '/orders', { method: 'POST', body: JSON.stringify({ items, email, payment_method }) })).json();
};
const statusOf = async (id) => (await (await fetch(`${shop}/orders/${id}`)).json());
const reaches = (id, status) => until(async () => { const found = await statusOf(id); return found.status === status && found; }, 20000, `order ${status}`);

test('the order page sends cards to the gateway only', async () => {
  const page = await (await fetch(shop + '/')).text();
  assert.ok(page.includes(new URL(sandbox().gateway_url).origin + '"'));
  assert.ok(page.includes(sandbox().accounts.relaxed.publishable_key));
  assert.ok(!page.includes(sandbox().accounts.relaxed.secret_key));
});

test('an order is paid, fulfilled by a signed event, and refunded in part and in full', async () => {
  const placed = await order('4242424242424242');
  assert.ok(['confirmed', 'paid'].includes(placed.status), placed.error);
  const paid = await reaches(placed.id, 'paid');
  assert.equal(paid.received, 2580);
  assert.match((await refund(paid.payment, '1290')).stdout, /^re_\w+ succeeded 1290 eur/);
  assert.equal((await reaches(placed.id, 'refunded in part')).refunded, 1290);
  assert.match((await refund(paid.payment)).stdout, /^re_\w+ succeeded 1290 eur/);
  assert.equal((await reaches(placed.id, 'refunded')).refunded, 2580);
  assert.match((await refund(paid.payment)).stdout, /succeeded/, 'the same key repeats the answer');
  await assert.rejects(refund(paid.payment, '1'), (error) => /has already been refunded/.test(error.stderr));
});

test('a declined card is told to the shopper, and another one pays', async () => {
  const declined = await order('4000000000009995');
  assert.equal(declined.status, 'declined');
  assert.equal(declined.error, 'Your card has insufficient funds.');
  assert.equal(declined.decline_code, 'insufficient_funds');
  await reaches((await order('5555555555554444', [{ sku: 'shirt', quantity: 1 }])).id, 'paid');
});

test('a shopper who comes back is the same customer', async () => {
  const email = `again-${process.pid}@example.com`;
  const [first, second] = [await order('4242424242424242', undefined, email), await order('4242424242424242', undefined, email)];
  const customers = await Promise.all([first, second].map(async ({ payment }) => (await relaxed().paymentIntents.retrieve(payment)).customer));
  assert.equal(customers[0], customers[1]);
});

test('an event that nobody signed fulfils nothing', async () => {
  const forged = await fetch(shop + '/webhook', { method: 'POST', headers: { 'Stripe-Signature': 't=1,v1=00' }, body: '{"type":"payment_intent.succeeded"}' });
  assert.equal(forged.status, 400);
});
