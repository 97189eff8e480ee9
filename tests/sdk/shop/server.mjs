// A shop as merchants write them: an order page, a server that confirms payments, and a webhook handler that fulfils.
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { api, publishableKey, stripe } from './config.mjs';

const catalogue = { mug: { name: 'Mug', price: 1290 }, shirt: { name: 'Shirt', price: 2490 } };
const orders = new Map();
const seen = new Set();  // events may come twice
let endpointSecret;

// The card goes from the browser to the gateway; the shop's server sees the id of a payment method only.
const page = () => `<!doctype html><html lang="en"><title>The shop</title>
<form id="order">
  ${Object.entries(catalogue).map(([sku, { name, price }]) => `<label>${name} (${(price / 100).toFixed(2)} €) <input name="${sku}" type="number" min="0" value="0"></label>`).join('\n  ')}
  <label>E-mail <input name="email" type="email" autocomplete="email" required></label>
  <label>Card <input name="number" inputmode="numeric" autocomplete="cc-number" required></label>
  <label>Expiry <input name="exp_month" size="2" required>/<input name="exp_year" size="4" required></label>
  <label>CVC <input name="cvc" inputmode="numeric" autocomplete="cc-csc" required></label>
  <button>Pay</button><p role="status"></p>
</form>
<script type="module">
const api = ${JSON.stringify(api)}, key = ${JSON.stringify(publishableKey)};
const form = document.querySelector('form'), say = (text) => { form.querySelector('[role=status]').textContent = text; };
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const data = Object.fromEntries(new FormData(form));
  const card = new URLSearchParams({ type: 'card', 'card[number]': data.number, 'card[exp_month]': data.exp_month, 'card[exp_year]': data.exp_year, 'card[cvc]': data.cvc });
  const made = await (await fetch(api + '/v1/payment_methods', { method: 'POST', headers: { Authorization: 'Bearer ' + key }, body: card })).json();
  if (made.error) return say(made.error.message);
  const items = ${JSON.stringify(Object.keys(catalogue))}.map((sku) => ({ sku, quantity: Number(data[sku]) })).filter(({ quantity }) => quantity > 0);
  const order = await (await fetch('/orders', { method: 'POST', body: JSON.stringify({ items, email: data.email, payment_method: made.id }) })).json();
  say(order.error ?? 'Order ' + order.id + ': ' + order.status);
});
</script></html>`;

function total(items) {
  if (!Array.isArray(items) || items.length === 0) throw new RangeError('An order needs an item.');
  return items.reduce((sum, { sku, quantity }) => {
    if (!catalogue[sku] || !Number.isInteger(quantity) || quantity < 1 || quantity > 99) throw new RangeError(`No such item: ${sku}`);
    return sum + catalogue[sku].price * quantity;
  }, 0);
}

async function customerFor(email) {
  const { data: [known] } = await stripe.customers.list({ email, limit: 1 });
  return known ?? stripe.customers.create({ email });
}

// Server-side confirmation: the answer says at once whether it was paid.
async function placeOrder({ items, email, payment_method }) {
  const order = { id: randomUUID(), items, email, amount: total(items), status: 'new' };
  const customer = await customerFor(email);
  orders.set(order.id, order);
  try {
    const intent = await stripe.paymentIntents.create({
      amount: order.amount, currency: 'eur', customer: customer.id, payment_method, confirm: true, receipt_email: email,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, metadata: { order: order.id },
      description: `Order ${order.id}`,
    }, { idempotencyKey: `order-${order.id}` });
    order.payment = intent.id;
    if (intent.status === 'requires_action') Object.assign(order, { status: 'authenticate', client_secret: intent.client_secret });
    else if (order.status === 'new') order.status = intent.status === 'succeeded' ? 'confirmed' : intent.status;
  } catch (error) {
    if (error.type !== 'StripeCardError') throw error;
    Object.assign(order, { status: 'declined', error: error.message, decline_code: error.decline_code, payment: error.payment_intent?.id });
  }
  return order;
}

function fulfil(event) {
  if (seen.has(event.id)) return;
  seen.add(event.id);
  const subject = event.data.object;
  const of = (payment) => [...orders.values()].find((order) => order.payment === payment);
  switch (event.type) {
    case 'payment_intent.succeeded': {
      const order = orders.get(subject.metadata.order);
      if (order) Object.assign(order, { status: 'paid', payment: subject.id, received: subject.amount_received });
      break;
    }
    case 'charge.refunded': {
      const order = of(subject.payment_intent);
      if (order) Object.assign(order, { status: subject.refunded ? 'refunded' : 'refunded in part', refunded: subject.amount_refunded });
      break;
    }
  }
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const routes = {
  'GET /': async () => [200, page(), 'text/html'],
  'POST /orders': async (request) => [200, await placeOrder(JSON.parse(await bodyOf(request)))],
  'POST /webhook': async (request) => {
    const event = stripe.webhooks.constructEvent(await bodyOf(request), request.headers['stripe-signature'], endpointSecret);
    fulfil(event);
    return [200, { received: true }];
  },
};

const server = http.createServer(async (request, response) => {
  const [, id] = /^\/orders\/([\w-]+)$/.exec(request.url) ?? [];
  const route = id ? async () => (orders.has(id) ? [200, orders.get(id)] : [404, { error: 'No such order.' }]) : routes[`${request.method} ${request.url}`];
  let answer;
  try {
    answer = route ? await route(request) : [404, { error: 'No such page.' }];
  } catch (error) {
    const theirs = error instanceof RangeError || error instanceof SyntaxError || error.type === 'StripeSignatureVerificationError';
    if (!theirs) console.error(error);
    answer = [theirs ? 400 : 500, { error: theirs ? error.message : 'Something went wrong.' }];
  }
  const [status, body, type = 'application/json'] = answer;
  response.writeHead(status, { 'Content-Type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
});

server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const endpoint = await stripe.webhookEndpoints.create({ url: url + '/webhook', enabled_events: ['payment_intent.succeeded', 'charge.refunded'] });
  endpointSecret = endpoint.secret;
  console.log(JSON.stringify({ url, endpoint: endpoint.id }));
});
