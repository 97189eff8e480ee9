// What a careless or hostile caller sends: the contract's error, nothing changed.
import test from 'node:test';
import assert from 'node:assert/strict';
import { request, sandbox, sql } from '../lib/sandbox.mjs';

const create = (body, options = {}) => request('POST', '/v1/payment_intents', { body, ...options });
const count = () => Number(sql('gateway', 'SELECT count(*) FROM payment_intents')[0][0]);

const cases = [
  ['no amount', 'currency=eur', 400, 'parameter_missing', 'amount', /Missing required param: amount/],
  ['no currency', 'amount=100', 400, 'parameter_missing', 'currency', /Missing required param: currency/],
  ['an amount with a fraction', 'amount=10.5&currency=eur', 400, 'parameter_invalid_integer', 'amount', /Invalid integer: 10\.5/],
  ['amount 0', 'amount=0&currency=eur', 400, 'parameter_invalid_integer', 'amount'],
  ['a negative amount', 'amount=-5&currency=eur', 400, 'parameter_invalid_integer', 'amount'],
  ['an amount beyond 64 bits', 'amount=99999999999999999999&currency=eur', 400, 'parameter_invalid_integer', 'amount'],
  ['an amount with a plus', 'amount=%2B100&currency=eur', 400, 'parameter_invalid_integer', 'amount'],
  ['an amount below the least', 'amount=49&currency=eur', 400, 'amount_too_small', 'amount'],
  ['an amount above the greatest', 'amount=100000000&currency=eur', 400, 'amount_too_large', 'amount'],
  ['an empty amount', 'amount=&currency=eur', 400, 'parameter_invalid_empty', 'amount'],
  ['an unknown currency', 'amount=100&currency=xyz', 400, undefined, 'currency'],
  ['an unknown parameter', 'amount=100&currency=eur&foo[bar]=1', 400, 'parameter_unknown', 'foo[bar]', /Received unknown parameter: foo\[bar\]/],
  ['a refused parameter', 'amount=100&currency=eur&application_fee_amount=1', 400, 'parameter_unknown', 'application_fee_amount', /not supported by this gateway/],
  ['an unknown enum', 'amount=100&currency=eur&capture_method=later', 400, undefined, 'capture_method'],
  ['a bad boolean', 'amount=100&currency=eur&confirm=yes', 400, undefined, 'confirm', /Invalid boolean: yes/],
  ['broken UTF-8', 'amount=100&currency=eur&description=%ff%fe', 400, 'invalid_characters', undefined],
  ['a NUL', 'amount=100&currency=eur&description=a%00b', 400, 'invalid_characters', undefined],
  ['too deep a hash', 'amount=100&currency=eur&a[b][c][d][e][f][g][h][i][j][k]=1', 400, undefined, undefined],
  ['too many metadata keys', 'amount=100&currency=eur&' + Array.from({ length: 51 }, (_, i) => `metadata[k${i}]=v`).join('&'), 400, undefined, 'metadata'],
  ['a method that does not exist', 'amount=100&currency=eur&payment_method=pm_nothinglikethis', 400, 'resource_missing', 'payment_method', /No such PaymentMethod: 'pm_nothinglikethis'/],
  ['confirm parameters without confirm', 'amount=100&currency=eur&return_url=https://example.com', 400, undefined, 'return_url'],
];
for (const [what, body, status, code, param, message] of cases) {
  test(`${what} is refused and makes nothing`, async () => {
    const before = count();
    const answer = await create(body);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.body.error.type, 'invalid_request_error');
    assert.equal(answer.body.error.code, code, answer.text);
    if (param !== undefined) assert.equal(answer.body.error.param, param, answer.text);
    if (message) assert.match(answer.body.error.message, message);
    assert.match(answer.headers['request-id'], /^req_[A-Za-z0-9]{14,}$/);
    assert.equal(count(), before);
  });
}

test('a JSON body is refused with a hint', async () => {
  const answer = await create('{"amount":100}', { headers: { 'Content-Type': 'application/json' } });
  assert.equal(answer.status, 400);
  assert.match(answer.body.error.message, /content type/i);
});

test('unknown paths, methods and a trailing slash are 404 in the API form', async () => {
  for (const [method, path] of [['GET', '/v1/nothing'], ['GET', '/v1/payment_intents/'], ['DELETE', '/v1/payment_intents/pi_x'], ['GET', '/'], ['GET', '/v1/payment_intents/a%2Fb/confirm']]) {
    const answer = await request(method, path);
    assert.equal(answer.status, 404, `${method} ${path}: ${answer.text}`);
    assert.equal(answer.body.error.type, 'invalid_request_error');
  }
});

// PCI DSS 4.0.1: 6.2.4
test('a body over the limit is refused', async () => {
  const answer = await create('amount=100&currency=eur&description=' + 'x'.repeat(1_100_000)).catch((e) => e);
  assert.ok(answer instanceof Error || answer.status === 413 || answer.status === 400, String(answer.status));
});

test('an empty or overlong idempotency key is refused', async () => {
  for (const key of ['', 'k'.repeat(256)]) {
    const answer = await create('amount=100&currency=eur', { headers: { 'Idempotency-Key': key } });
    assert.equal(answer.status, 400);
  }
});

test('every answer carries its headers', async () => {
  const answer = await create('amount=100&currency=eur', { headers: { 'Idempotency-Key': 'headers-' + Math.random() } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['stripe-version'], '2026-10-28.endive');
  assert.match(answer.headers['idempotency-key'], /^headers-/);
  assert.equal(answer.headers['content-type'].startsWith('application/json'), true);
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.match(answer.headers['strict-transport-security'], /max-age=\d+/);
  assert.equal(answer.headers['stripe-notice'], undefined);
});

// PCI DSS 4.0.1: 3.4.1
test('a card number never comes back in an error', async () => {
  const answer = await request('POST', '/v1/payment_methods', { body: 'type=card&card[number]=4000056655665556&card[exp_month]=1&card[exp_year]=2019&card[cvc]=123&4000056655665556=1' });
  assert.ok(answer.status >= 400);
  assert.equal(answer.text.includes('4000056655665556'), false);
});
