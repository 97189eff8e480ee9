// Checkout Sessions as objects, with the official SDK for Node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { client, publishable, relaxed, request, sandbox, strict } from '../lib/sandbox.mjs';

const stripe = relaxed();
const sessions = stripe.checkout.sessions;
const failure = (promise) => promise.then(() => assert.fail('it was accepted'), (error) => error);
const success_url = 'https://shop.example/thanks?session={CHECKOUT_SESSION_ID}';
const line = (unit_amount = 1500, quantity = 1, extra = {}) => ({ price_data: { currency: 'eur', unit_amount, product_data: { name: 'Shoes' } }, quantity, ...extra });
const basket = (extra = {}) => ({ mode: 'payment', success_url, line_items: [line()], ...extra });
const now = () => Math.floor(Date.now() / 1000);

test('a session shows what is to be paid, and where', async () => {
  const session = await sessions.create(basket({
    line_items: [line(1999, 2), line(1, 1)], cancel_url: 'https://shop.example/basket', client_reference_id: 'basket-17', customer_email: 'jenny@example.com',
    locale: 'de', submit_type: 'pay', billing_address_collection: 'required', phone_number_collection: { enabled: true },
    shipping_address_collection: { allowed_countries: ['DE', 'FR'] }, metadata: { order: '6735' },
    payment_intent_data: { description: 'Order 6735', metadata: { a: 'b' }, capture_method: 'manual' }, payment_method_options: { card: { request_three_d_secure: 'any' } },
  }));
  assert.match(session.id, /^cs_test_[A-Za-z0-9]{24,}$/);
  assert.equal(session.status, 'open');
  assert.equal(session.payment_status, 'unpaid');
  assert.equal(session.amount_total, 3999);
  assert.equal(session.amount_subtotal, 3999);
  assert.equal(session.currency, 'eur');
  assert.equal(session.url, `${sandbox().gateway_url}/c/pay/${session.id}`);
  assert.equal(session.payment_intent, null);
  assert.equal(session.client_secret, null);
  assert.equal(session.success_url, success_url);
  assert.equal(session.expires_at - session.created, 24 * 3600);
  assert.equal(session.customer, null);
  assert.equal(session.customer_creation, 'if_required');
  assert.equal(session.customer_email, 'jenny@example.com');
  assert.equal(session.customer_details, null);
  assert.equal(session.ui_mode, 'hosted_page');
  assert.equal(session.locale, 'de');
  assert.equal(session.submit_type, 'pay');
  assert.equal(session.payment_method_options.card.request_three_d_secure, 'any');
  assert.deepEqual(session.shipping_address_collection.allowed_countries, ['DE', 'FR']);
  assert.deepEqual({ ...session.total_details }, { amount_discount: 0, amount_shipping: 0, amount_tax: 0 });
  assert.deepEqual({ ...session.metadata }, { order: '6735' });
  assert.equal(session.line_items, undefined);
  assert.deepEqual(await sessions.retrieve(session.id).then(({ lastResponse, ...rest }) => rest), (({ lastResponse, ...rest }) => rest)(session));
});

test('line items come when they are asked for, and keep their ids', async () => {
  const session = await sessions.create(basket({
    line_items: [line(1999, 2, { metadata: { place: 'left' }, adjustable_quantity: { enabled: true, maximum: 5 } }), { quantity: 4, price_data: { currency: 'EUR', unit_amount_decimal: '12.50', product_data: { name: 'Laces', description: 'Red', images: ['https://shop.example/laces.png'], metadata: { size: '1' } } } }],
    expand: ['line_items.data.price.product'],
  }));
  assert.equal(session.amount_total, 2 * 1999 + 50);
  const [shoes, laces] = session.line_items.data;
  assert.match(shoes.id, /^li_[A-Za-z0-9]{24,}$/);
  assert.equal(shoes.amount_total, 3998);
  assert.equal(shoes.quantity, 2);
  assert.equal(shoes.description, 'Shoes');
  assert.equal(shoes.metadata.place, 'left');
  assert.equal(shoes.adjustable_quantity.maximum, 5);
  assert.equal(shoes.price.unit_amount, 1999);
  assert.equal(shoes.price.product.name, 'Shoes');
  assert.equal(laces.price.unit_amount, null);
  assert.equal(laces.price.unit_amount_decimal.toString(), '12.5');
  assert.equal(laces.price.product.description, 'Red');
  assert.equal(laces.price.product.metadata.size, '1');
  assert.deepEqual(laces.price.product.images, ['https://shop.example/laces.png']);
  const listed = await sessions.listLineItems(session.id);
  assert.deepEqual(listed.data.map((item) => [item.id, item.price.id, item.price.product]), [shoes, laces].map((item) => [item.id, item.price.id, item.price.product.id]));
  assert.equal((await sessions.listLineItems(session.id, { expand: ['data.price.product'] })).data[1].price.product.name, 'Laces');
  assert.equal((await request('GET', session.line_items.url)).status, 200);
  const [found] = (await sessions.list({ limit: 1, expand: ['data.line_items'] })).data;
  assert.equal(found.line_items.data[0].id, shoes.id);
  assert.match((await failure(sessions.retrieve(session.id, { expand: ['line_items.data.nothing'] }))).message, /cannot be expanded/);
});

test('line items are paged', async () => {
  const session = await sessions.create(basket({ line_items: Array.from({ length: 12 }, (_, i) => line(100 + i)), expand: ['line_items'] }));
  assert.equal(session.line_items.data.length, 10);
  assert.equal(session.line_items.has_more, true);
  const all = [];
  for await (const item of sessions.listLineItems(session.id, { limit: 5 })) all.push(item);
  assert.deepEqual(all.map((item) => item.amount_total), Array.from({ length: 12 }, (_, i) => 100 + i));
  const before = await sessions.listLineItems(session.id, { limit: 3, ending_before: all[5].id });
  assert.deepEqual(before.data.map((item) => item.id), all.slice(2, 5).map((item) => item.id));
  assert.equal(before.has_more, true);
  assert.equal((await sessions.listLineItems(session.id, { limit: 5, ending_before: all[5].id })).has_more, false);
  const unknown = await failure(sessions.listLineItems(session.id, { starting_after: 'li_unknown' }));
  assert.deepEqual([unknown.statusCode, unknown.code, unknown.param], [400, 'resource_missing', 'starting_after']);
  assert.equal((await failure(sessions.listLineItems(session.id, { limit: 101 }))).param, 'limit');
  assert.equal((await failure(sessions.listLineItems('cs_test_unknown'))).statusCode, 404);
});

test('terms, policies and texts are kept for the page', async () => {
  const session = await sessions.create(basket({
    consent_collection: { terms_of_service: 'required', promotions: 'none', payment_method_reuse_agreement: { position: 'auto' } },
    custom_text: { terms_of_service_acceptance: { message: 'I agree to the [terms](https://shop.example/terms).' }, submit: { message: 'Thank you.' } },
  }));
  assert.equal(session.consent_collection.terms_of_service, 'required');
  assert.equal(session.consent_collection.payment_method_reuse_agreement.position, 'auto');
  assert.equal(session.custom_text.submit.message, 'Thank you.');
  assert.equal(session.custom_text.after_submit, null);
  assert.equal(session.consent, null);
  const plain = await sessions.create(basket());
  assert.equal(plain.consent_collection, null);
  assert.deepEqual(Object.values(plain.custom_text), [null, null, null, null]);
  const error = await failure(sessions.create(basket({ custom_text: { terms_of_service_acceptance: { message: 'Yes' } } })));
  assert.equal(error.param, 'custom_text[terms_of_service_acceptance]');
});

test('a set-up session has no amount and needs no payment', async () => {
  const session = await sessions.create({ mode: 'setup', currency: 'eur', success_url, setup_intent_data: { description: 'Keep it', metadata: { a: 'b' } } });
  assert.equal(session.mode, 'setup');
  assert.equal(session.payment_status, 'no_payment_required');
  assert.deepEqual([session.amount_total, session.amount_subtotal, session.total_details, session.setup_intent, session.payment_intent], [null, null, null, null, null]);
  for (const [parameters, param] of [[{ currency: undefined }, 'currency'], [{ line_items: [line()] }, 'line_items'], [{ payment_intent_data: { description: 'x' } }, 'payment_intent_data'], [{ currency: 'xyz' }, 'currency']])
    assert.equal((await failure(sessions.create({ mode: 'setup', currency: 'eur', success_url, ...parameters }))).param, param);
});

test('what costs nothing needs no payment', async () => {
  const session = await sessions.create(basket({ line_items: [line(0, 3)] }));
  assert.equal(session.payment_status, 'no_payment_required');
  assert.equal(session.amount_total, 0);
});

test('a session of a customer shows him, and he can be expanded', async () => {
  const customer = await stripe.customers.create({ email: 'jenny@example.com' });
  const session = await sessions.create(basket({ customer: customer.id, expand: ['customer'] }));
  assert.equal(session.customer.id, customer.id);
  assert.equal(session.customer_creation, null);
  for (const [parameters, param, code] of [
    [{ customer: customer.id, customer_email: 'a@example.com' }, 'customer', 'parameters_exclusive'], [{ customer: customer.id, customer_creation: 'always' }, 'customer', 'parameters_exclusive'],
    [{ customer: 'cus_unknown' }, 'customer', 'resource_missing'], [{ customer_email: 'nobody' }, 'customer_email', 'email_invalid'],
  ]) {
    const error = await failure(sessions.create(basket(parameters)));
    assert.deepEqual([error.statusCode, error.param, error.code], [400, param, code]);
  }
});

test('what cannot be sold is refused with a reason', async () => {
  const price = (extra) => ({ line_items: [{ quantity: 1, price_data: { currency: 'eur', product_data: { name: 'Shoes' }, ...extra } }] });
  for (const [parameters, param, code] of [
    [{ mode: 'subscription' }, 'mode'], [{ mode: undefined }, 'mode', 'parameter_missing'], [{ success_url: undefined }, 'success_url', 'parameter_missing'],
    [{ success_url: 'nowhere' }, 'success_url', 'url_invalid'], [{ success_url: 'javascript:alert(1)' }, 'success_url', 'url_invalid'], [{ success_url: 'https://shop.example/{OTHER}' }, 'success_url', 'url_invalid'],
    [{ cancel_url: 'nowhere' }, 'cancel_url', 'url_invalid'], [{ line_items: undefined }, 'line_items', 'parameter_missing'],
    [{ line_items: [line(49)] }, 'line_items', 'amount_too_small'], [{ line_items: [line(99999999), line(1)] }, 'line_items', 'amount_too_large'],
    [{ line_items: [line('9223372036854775807', 2)] }, 'line_items[0][price_data]'], [{ line_items: [line('9223372036854775808')] }, 'line_items[0][price_data][unit_amount]', 'parameter_invalid_integer'],
    [{ line_items: [line('99999999999999999999')] }, 'line_items[0][price_data][unit_amount]', 'parameter_invalid_integer'],
    [{ line_items: [line(-1)] }, 'line_items[0][price_data][unit_amount]', 'parameter_invalid_integer'], [{ line_items: [line(10.5)] }, 'line_items[0][price_data][unit_amount]', 'parameter_invalid_integer'],
    [{ line_items: [line(), line(100, 0)] }, 'line_items[1][quantity]', 'parameter_invalid_integer'], [{ line_items: [{ ...line(), quantity: undefined }] }, 'line_items[0][quantity]', 'parameter_missing'],
    [{ line_items: Array.from({ length: 101 }, () => line(1)) }, 'line_items'], [price({}), 'line_items[0][price_data][unit_amount]', 'parameter_missing'],
    [price({ unit_amount: 1, unit_amount_decimal: '1' }), 'line_items[0][price_data][unit_amount]', 'parameters_exclusive'], [price({ unit_amount: 100, currency: 'xyz' }), 'line_items[0][price_data][currency]'],
    [{ line_items: [line(), { ...line(), price_data: { ...line().price_data, currency: 'usd' } }] }, 'line_items[1][price_data][currency]'], [{ currency: 'usd' }, 'currency'],
    [{ line_items: [{ price: 'price_1', quantity: 1 }] }, 'line_items[0][price]', 'parameter_unknown'], [price({ unit_amount: 100, recurring: { interval: 'month' } }), 'line_items[0][price_data][recurring][interval]', 'parameter_unknown'],
    [{ expires_at: now() + 1700 }, 'expires_at'], [{ expires_at: now() + 24 * 3600 + 60 }, 'expires_at'], [{ client_reference_id: 'x'.repeat(201) }, 'client_reference_id'],
    [{ ui_mode: 'embedded_page' }, 'ui_mode'], [{ ui_mode: 'custom' }, 'ui_mode'], [{ ui_mode: 'other' }, 'ui_mode'], [{ locale: 'xx' }, 'locale'],
    [{ payment_method_types: ['card'], allowed_payment_method_types: ['card'] }, 'allowed_payment_method_types', 'parameters_exclusive'], [{ payment_method_types: ['ideal'] }, 'payment_method_types[0]'],
    [{ shipping_address_collection: { allowed_countries: ['Germany'] } }, 'shipping_address_collection[allowed_countries]'], [{ setup_intent_data: { description: 'x' } }, 'setup_intent_data'],
    [{ payment_intent_data: { statement_descriptor: 'SHOP' } }, 'payment_intent_data[statement_descriptor]'], [{ payment_intent_data: { application_fee_amount: 1 } }, 'payment_intent_data[application_fee_amount]', 'parameter_unknown'],
    [{ allow_promotion_codes: true }, 'allow_promotion_codes', 'parameter_unknown'], [{ automatic_tax: { enabled: true } }, undefined, 'parameter_unknown'],
  ]) {
    const error = await failure(sessions.create(basket(parameters)));
    assert.equal(error.statusCode, 400, JSON.stringify(parameters));
    if (param !== undefined) assert.ok(param === error.param || param.startsWith(error.param + '['), `${JSON.stringify(parameters)}: ${error.param}`);
    if (code !== undefined) assert.equal(error.code, code, JSON.stringify(parameters));
  }
});

test('only the metadata of a session can be changed', async () => {
  const session = await sessions.create(basket({ metadata: { a: '1', b: '2' } }));
  const changed = await sessions.update(session.id, { metadata: { a: '', c: '3' } });
  assert.deepEqual({ ...changed.metadata }, { b: '2', c: '3' });
  assert.deepEqual({ ...(await sessions.update(session.id, { metadata: '' })).metadata }, {});
  assert.equal((await failure(sessions.update(session.id, { line_items: [line()] }))).code, 'parameter_unknown');
  assert.equal((await failure(sessions.update('cs_test_unknown', { metadata: { a: 'b' } }))).statusCode, 404);
});

test('an open session can be expired, once', async () => {
  const session = await sessions.create(basket());
  const expired = await sessions.expire(session.id);
  assert.equal(expired.status, 'expired');
  assert.equal(expired.url, null);
  assert.equal(expired.payment_status, 'unpaid');
  const error = await failure(sessions.expire(session.id));
  assert.equal(error.statusCode, 400);
  assert.equal(error.code, undefined);
  assert.equal(error.message, 'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of `expired`.');
  const { data } = await stripe.events.list({ type: 'checkout.session.expired', limit: 10 });
  assert.equal(data.filter((event) => event.data.object.id === session.id).length, 1);
  assert.equal((await failure(sessions.expire('cs_test_unknown'))).statusCode, 404);
});

test('twenty expiries at once: one is accepted', async () => {
  const session = await sessions.create(basket());
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => sessions.expire(session.id)));
  assert.equal(outcomes.filter((one) => one.status === 'fulfilled').length, 1);
  for (const { reason } of outcomes.filter((one) => one.status === 'rejected')) assert.ok([400, 429].includes(reason.statusCode), reason.message);
});

test('sessions are listed by customer, email, state and time', async () => {
  const customer = await stripe.customers.create({ email: `who-${now()}@example.com` });
  const email = `list-${now()}-${Math.random()}@example.com`;
  const mine = await sessions.create(basket({ customer_email: email })), other = await sessions.create(basket({ customer: customer.id }));
  await sessions.expire(other.id);
  assert.deepEqual((await sessions.list({ customer_details: { email } })).data.map((one) => one.id), [mine.id]);
  assert.deepEqual((await sessions.list({ customer: customer.id })).data.map((one) => one.id), [other.id]);
  assert.deepEqual((await sessions.list({ customer: customer.id, status: 'open' })).data, []);
  assert.deepEqual((await sessions.list({ customer: customer.id, status: 'expired' })).data.map((one) => one.id), [other.id]);
  assert.deepEqual((await sessions.list({ payment_intent: 'pi_unknown' })).data, []);
  assert.deepEqual((await sessions.list({ created: { gt: now() + 60 } })).data, []);
  assert.deepEqual((await sessions.list({ limit: 1, starting_after: other.id })).data.map((one) => one.id), [mine.id]);
  assert.equal((await failure(sessions.list({ status: 'closed' }))).param, 'status');
  assert.equal((await failure(sessions.list({ subscription: 'sub_1' }))).code, 'parameter_unknown');
});

test('a session looks as the version of the caller has it', async () => {
  const old = client(sandbox().accounts.relaxed.secret_key, { apiVersion: '2025-09-30.clover' });
  const session = await old.checkout.sessions.create(basket({ ui_mode: 'hosted' }));
  assert.equal(session.ui_mode, 'hosted');
  assert.equal(session.allowed_payment_method_types, undefined);
  const today = await sessions.create(basket({ ui_mode: 'hosted', allowed_payment_method_types: ['card'] }));
  assert.equal(today.ui_mode, 'hosted_page');
  assert.deepEqual(today.allowed_payment_method_types, ['card']);
  assert.deepEqual(today.payment_method_types, ['card']);
});

test('the same key makes one session', async () => {
  const options = { idempotencyKey: `checkout-${Math.random()}` };
  const [first, again] = [await sessions.create(basket(), options), await sessions.create(basket(), options)];
  assert.equal(again.id, first.id);
  assert.equal((await failure(sessions.create(basket({ customer_email: 'a@example.com' }), options))).type, 'StripeIdempotencyError');
});

test('sessions are the merchant\'s own', async () => {
  const session = await sessions.create(basket());
  const foreign = await failure(strict().checkout.sessions.retrieve(session.id));
  assert.equal(foreign.statusCode, 404);
  assert.match(foreign.message, /No such checkout\.session: 'cs_test_/);
  assert.equal((await failure(publishable().checkout.sessions.retrieve(session.id))).statusCode, 403);
});
