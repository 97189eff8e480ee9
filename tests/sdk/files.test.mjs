// Files and links to them, through the official SDK.
import test from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { client, directory, relaxed, request, sandbox, sql, strict, top } from '../lib/sandbox.mjs';

const stripe = relaxed();
const pdf = Buffer.from('%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n');
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const jpeg = Buffer.concat([
  Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb004300', 'hex'), Buffer.alloc(64, 1), Buffer.from('ffc0000b080001000101011100ffda0008010100003f00d2', 'hex'), Buffer.from('ffd9', 'hex'),
]);

const upload = (data, { name = 'evidence.pdf', purpose = 'dispute_evidence', ...more } = {}, options = {}) =>
  stripe.files.create({ file: { data, name, type: 'application/octet-stream' }, purpose, ...more }, options);
const contents = (url, key) => request('GET', new URL(url).pathname, { key });
const liveKey = () => {
  const out = execFileSync(`${top}/build/release/bin/portcullis-gateway`,
    ['--config', `${directory}/config/gateway.toml`, 'keys', 'create', '--account', sandbox().accounts.relaxed.id, '--kind', 'secret', '--live'], { encoding: 'utf8' });
  return JSON.parse(out).key;
};

for (const [type, media, data] of [['pdf', 'application/pdf', pdf], ['png', 'image/png', png], ['jpg', 'image/jpeg', jpeg]])
  test(`a ${type} is uploaded, read, listed, and comes back byte for byte`, async () => {
    const made = await upload(data, { name: 'é "q".pdf' });
    assert.deepEqual({ ...made, id: '', created: 0, lastResponse: 0 }, {
      id: '', object: 'file', created: 0, expires_at: null, filename: 'é "q".pdf', purpose: 'dispute_evidence', size: data.length, title: null, type,
      url: `${sandbox().gateway_url}/v1/files/${made.id}/contents`, links: { object: 'list', data: [], has_more: false, url: `/v1/file_links?file=${made.id}` }, lastResponse: 0,
    });
    const read = await stripe.files.retrieve(made.id);
    assert.deepEqual({ ...read, lastResponse: 0 }, { ...made, lastResponse: 0 });
    assert.equal((await stripe.files.list({ limit: 1, purpose: 'dispute_evidence' })).data[0].id, made.id);
    assert.ok(!(await stripe.files.list({ purpose: 'identity_document', limit: 100 })).data.some(({ id }) => id === made.id));

    const answer = await contents(made.url);
    assert.equal(answer.status, 200);
    assert.ok(answer.bytes.equals(data));
    assert.equal(answer.headers['content-type'], media);
    assert.equal(answer.headers['content-disposition'], `attachment; filename="${made.id}.${type}"; filename*=UTF-8''%C3%A9%20%22q%22.pdf`);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  });

test('what a file is shows in its bytes and not in its name', async () => {
  assert.equal((await upload(png, { name: 'scan.pdf' })).type, 'png');
  for (const data of [Buffer.from('MZ\x90\0 a program'), Buffer.from('<html><script>alert(1)</script></html>'), Buffer.from('GIF89a')])
    await assert.rejects(upload(data, { name: 'scan.pdf' }), { statusCode: 400, param: 'file', code: undefined, type: 'StripeInvalidRequestError' });
  await assert.rejects(upload(pdf, { name: 'logo.png', purpose: 'business_logo' }), { statusCode: 400, param: 'file' });
});

test('what is too large is refused without a 413', async () => {
  const filled = (size) => Buffer.concat([pdf, Buffer.alloc(size - pdf.length, 0x20)]);
  const most = 5 * 1024 * 1024;
  assert.equal((await upload(filled(most))).size, most);
  await assert.rejects(upload(filled(most + 1)), { statusCode: 400, param: 'file', code: undefined });
  await assert.rejects(upload(filled(12 * 1024 * 1024)), { statusCode: 400, param: 'file', code: undefined });
  await assert.rejects(upload(Buffer.concat([png, Buffer.alloc(512 * 1024)]), { name: 'logo.png', purpose: 'business_logo' }), { statusCode: 400, param: 'file' });
});

test('what is missing or wrong is told by parameter', async () => {
  // The SDK sends nothing without a file.
  const body = '--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ndispute_evidence\r\n--b--\r\n';
  const { error } = (await request('POST', '/v1/files', { headers: { 'Content-Type': 'multipart/form-data; boundary=b' }, body })).body;
  assert.deepEqual([error.type, error.code, error.param], ['invalid_request_error', 'parameter_missing', 'file']);
  await assert.rejects(stripe.files.create({ file: { data: pdf, name: 'evidence.pdf' } }), { statusCode: 400, code: 'parameter_missing', param: 'purpose' });
  for (const purpose of ['holiday', 'finance_report_run']) await assert.rejects(upload(pdf, { purpose }), { statusCode: 400, param: 'purpose', code: undefined });
  await assert.rejects(upload(Buffer.alloc(0)), { statusCode: 400, param: 'file' });
  await assert.rejects(upload(pdf, { colour: 'red' }), { statusCode: 400, code: 'parameter_unknown', param: 'colour' });
  for (const headers of [{ 'Content-Type': 'application/json' }, {}])
    assert.equal((await request('POST', '/v1/files', { headers, body: 'purpose=dispute_evidence&file=x' })).status, 400);
  await assert.rejects(stripe.files.retrieve('file_none'), { statusCode: 404, code: 'resource_missing', message: "No such file: 'file_none'" });
});

test('a file is not seen by other accounts, in the other mode, or without a secret key', async () => {
  const made = await upload(pdf);
  const live = liveKey();
  await assert.rejects(strict().files.retrieve(made.id), { statusCode: 404 });
  await assert.rejects(client(live).files.retrieve(made.id), { statusCode: 404, message: /a similar object exists in test mode/ });
  await assert.rejects(strict().fileLinks.create({ file: made.id }), { statusCode: 400, code: 'resource_missing', param: 'file' });
  const { accounts } = sandbox();
  for (const [key, status] of [[accounts.strict.secret_key, 404], [live, 404], [accounts.relaxed.publishable_key, 403], [null, 401]])
    assert.equal((await contents(made.url, key)).status, status);
  assert.ok(!(await strict().files.list({ limit: 100 })).data.some(({ id }) => id === made.id));
});

test('a link opens the file to anyone until it expires', async () => {
  const made = await upload(pdf, { file_link_data: { create: true, metadata: { case: '7' } } });
  const [first] = made.links.data;
  assert.deepEqual([first.file, first.expired, first.expires_at, first.livemode, first.metadata], [made.id, false, null, false, { case: '7' }]);
  const open = (link) => contents(link.url, null);
  const answer = await open(first);
  assert.equal(answer.status, 200);
  assert.ok(answer.bytes.equals(pdf));
  assert.match(answer.headers['content-disposition'], /^attachment; /);
  assert.equal(answer.headers['content-type'], 'application/pdf');
  assert.equal((await contents(first.url.slice(0, -1) + (first.url.endsWith('0') ? '1' : '0'), null)).status, 404);

  const soon = Math.floor(Date.now() / 1000) + 3600;
  const second = await stripe.fileLinks.create({ file: made.id, expires_at: soon });
  assert.equal(second.expires_at, soon);
  assert.notEqual(second.url, first.url);
  assert.equal((await open(second)).status, 200);
  const ended = await stripe.fileLinks.update(second.id, { expires_at: 'now', metadata: { note: 'over' } });
  assert.deepEqual([ended.expired, ended.url, ended.metadata], [true, null, { note: 'over' }]);
  const gone = await open(second);
  assert.equal(gone.status, 404);
  assert.match(gone.headers['content-type'], /^text\/html/);
  assert.equal((await open(first)).status, 200, 'the other link is still open');

  assert.equal((await stripe.fileLinks.retrieve(second.id)).expired, true);
  assert.deepEqual((await stripe.fileLinks.list({ file: made.id })).data.map(({ id }) => id), [second.id, first.id]);
  assert.deepEqual((await stripe.fileLinks.list({ file: made.id, expired: false })).data.map(({ id }) => id), [first.id]);
  assert.deepEqual((await stripe.fileLinks.list({ file: made.id, expired: true, expand: ['data.file'] })).data.map(({ file }) => file.id), [made.id]);
  await assert.rejects(stripe.fileLinks.update(first.id, { expires_at: 1 }), { statusCode: 400, param: 'expires_at' });
  await assert.rejects(stripe.fileLinks.create({ file: 'file_none' }), { statusCode: 400, code: 'resource_missing', param: 'file' });
});

test('the same idempotency key answers for the same content only', async () => {
  const idempotencyKey = 'file-' + crypto.randomUUID();
  const first = await upload(pdf, {}, { idempotencyKey });
  assert.equal((await upload(pdf, {}, { idempotencyKey })).id, first.id);
  await assert.rejects(upload(Buffer.concat([pdf, Buffer.from('\n')]), {}, { idempotencyKey }), { statusCode: 400, type: 'StripeIdempotencyError' });
  await assert.rejects(upload(pdf, { name: 'other.pdf' }, { idempotencyKey }), { statusCode: 400, type: 'StripeIdempotencyError' });
});

test('an upload is told by an event that holds no content', async () => {
  const made = await upload(pdf);
  const { data } = await stripe.events.list({ type: 'file.created', limit: 10 });
  const event = data.find((one) => one.data.object.id === made.id);
  assert.equal(event.data.object.object, 'file');
  assert.equal(event.data.object.size, pdf.length);
});

test('a dump of the database holds no content and no proof of a link', async () => {
  const secret = crypto.randomBytes(24);
  const made = await upload(Buffer.concat([pdf, secret, Buffer.from('unmistakable plaintext')]));
  const link = await stripe.fileLinks.create({ file: made.id });
  const url = new URL(sandbox().admin_database_url.replace('postgresql://postgres@/', 'postgresql://postgres@localhost/'));
  const dump = execFileSync('/usr/lib/postgresql/15/bin/pg_dump',
    ['-h', url.searchParams.get('host'), '-U', 'postgres', '--data-only', '-t', 'files', '-t', 'file_contents', '-t', 'file_links', '-t', 'events', 'gateway'], { encoding: 'latin1', maxBuffer: 1 << 30 });
  assert.ok(dump.includes(made.id) && dump.includes(link.id));
  for (const text of [secret, Buffer.from('unmistakable plaintext'), pdf])
    for (const form of ['hex', 'base64', 'latin1']) assert.ok(!dump.includes(text.toString(form)), form);
  assert.ok(!dump.includes(link.url.split('_').at(-1)));
  assert.deepEqual(sql('gateway', `SELECT octet_length(content) FROM file_contents WHERE id = '${made.id}'`), [[String(made.size + 28)]]);
});
