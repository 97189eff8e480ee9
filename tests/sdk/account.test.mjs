// What a key can learn about its account and about the API itself.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { publishable, relaxed, request, sandbox } from '../lib/sandbox.mjs';

const require = createRequire(process.env.PORTCULLIS_TOP + '/build/node/');
const stripe = relaxed();

test('a key reads its own account', async () => {
  const own = await stripe.accounts.retrieveCurrent();
  assert.equal(own.id, sandbox().accounts.relaxed.id);
  assert.equal(own.charges_enabled, true);
  assert.equal((await stripe.accounts.retrieve(own.id)).id, own.id);
});

test('another account, and a browser, are refused', async () => {
  for (const call of [stripe.accounts.retrieve(sandbox().accounts.strict.id), publishable().accounts.retrieveCurrent()]) {
    const error = await call.then(() => assert.fail('it was shown'), (e) => e);
    assert.equal(error.statusCode, 403);
  }
});

test('the OpenAPI document describes each operation in schemas that a validator takes', async () => {
  const { status, body } = await request('GET', '/v1/openapi.json', { key: null });
  assert.equal(status, 200);
  assert.equal(body.openapi, '3.1.0');
  const Ajv = require('ajv/dist/2020.js');
  const ajv = new Ajv.default({ strict: false, validateFormats: false });
  const form = (path) => {
    const [[type, { schema }], ...others] = Object.entries(body.paths[path].post.requestBody.content);
    assert.deepEqual([type, others], [path === '/v1/files' ? 'multipart/form-data' : 'application/x-www-form-urlencoded', []]);
    return schema;
  };
  for (const [path, operations] of Object.entries(body.paths))
    if (operations.post) assert.doesNotThrow(() => ajv.compile(form(path)), path);
  const create = ajv.compile(form('/v1/payment_intents'));
  assert.equal(create({ amount: 100, currency: 'eur', metadata: { a: '1' } }), true);
  for (const wrong of [{ currency: 'eur' }, { amount: '1', currency: 'eur' }, { amount: 100, currency: 'eur', capture_method: 'never' }, { amount: 100, currency: 'eur', shoes: 1 }])
    assert.equal(create(wrong), false, JSON.stringify(wrong));
});
