// What README.md and docs/ claim: that their commands work, their tables are complete and their links lead somewhere.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { directory, sandbox, top } from '../lib/sandbox.mjs';

const read = (file) => fs.readFileSync(path.join(top, file), 'utf8');
const documents = ['README.md', 'SECURITY.md', ...fs.readdirSync(top + '/docs').filter((name) => name.endsWith('.md')).map((name) => 'docs/' + name)];
const blocks = (text, language) => [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language).map(([, , body]) => body);

// The README's example values, replaced by those of the running sandbox.
const { gateway_url: url, accounts } = sandbox();
const real = (text) => text.replaceAll('sk_test_…', accounts.relaxed.secret_key).replaceAll('https://localhost:8443', url)
  .replaceAll('8443', new URL(url).port).replaceAll('var/', directory + '/');
const run = (program, options, env = {}) =>
  execFileSync(program, options, { encoding: 'utf8', cwd: top + '/build/node', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });

test('docs/configuration.md has every key of each process with its default', () => {
  const expected = ['gateway', 'vault', 'acquirer'].map((name) => {
    const table = run(`${top}/build/release/bin/portcullis-${name}`, ['reference']).replaceAll(top + '/', '');
    return `## portcullis-${name}\n\n${table}`;
  }).join('\n');
  const found = read('docs/configuration.md');
  assert.equal(found.slice(found.indexOf('## portcullis-gateway')), expected, 'replace the tables by what `portcullis-… reference` prints');
});

test('the links of the documents lead to files', () => {
  for (const document of documents)
    for (const [, target] of read(document).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g))
      assert.ok(fs.existsSync(path.join(top, path.dirname(document), target)), `${document}: ${target}`);
});

test('the README names each page of docs/', () => {
  for (const document of documents.filter((name) => name.startsWith('docs/'))) assert.ok(read('README.md').includes(document), document);
});

test('each metric of docs/operations.md exists', () => {
  const sources = execFileSync('grep', ['-rhoE', '"[a-z_]+"', '--include=*.cpp', 'common', 'hsm', 'vault', 'gateway'], { cwd: top, encoding: 'utf8', maxBuffer: 1 << 26 });
  const section = read('docs/operations.md').split('## Metrics')[1];
  const names = [...section.matchAll(/`([a-z]+_[a-z_]+(?:_total|_seconds|_up|_depth|_in_flight|_connections))`/g)].map(([, name]) => name);
  assert.ok(names.length > 20);
  for (const name of names) assert.ok(sources.includes(`"${name}"`), name);
});

test("the README's options are those of gateway/run, and its suites those of tests/run", () => {
  const usage = run(top + '/gateway/run', ['--help']);
  for (const option of read('README.md').match(/`--[a-z-]+/g).map((text) => text.slice(1)))
    if (!['--config', '--check', '--help', '--fresh', '--smoke', '--full'].includes(option)) assert.ok(usage.includes(option), option);
  for (const option of usage.match(/--[a-z-]+/g)) assert.ok(read('README.md').includes(option), option);
  assert.match(run(top + '/tests/run', ['--help']), /lint .*\n {2}unit /);
});

test('the payments of the README work as pasted', async (t) => {
  const text = read('README.md');
  const payment = text.slice(text.indexOf('## A payment, three ways'));
  await t.test('curl', () => {
    assert.equal(JSON.parse(run('bash', ['-c', real(blocks(payment, 'sh')[0]).replaceAll(directory, directory.replaceAll(' ', '\\ '))])).status, 'succeeded');
  });
  await t.test('Node', () => {
    const program = real(blocks(payment, 'js')[0]) + '\nconsole.log(payment.status);';
    assert.equal(run(process.execPath, ['--input-type=module', '-e', program], { NODE_EXTRA_CA_CERTS: directory + '/certs/ca.pem' }), 'succeeded\n');
  });
  await t.test('Python', { skip: process.env.PORTCULLIS_PYTHON ? false : 'stripe for Python is not installed' }, () => {
    assert.equal(run(process.env.PORTCULLIS_PYTHON, ['-c', real(blocks(payment, 'python')[0]) + '\nprint(payment.status)']), 'succeeded\n');
  });
});

test('the ways to trust the development CA work', () => {
  const ca = directory + '/certs/ca.pem';
  const health = url + '/healthz';
  assert.throws(() => run('curl', ['-fsS', health]));
  for (const [options, env] of [[['--cacert', ca], {}], [[], { CURL_CA_BUNDLE: ca }]])
    assert.equal(JSON.parse(run('curl', ['-fsS', ...options, health], env)).status, 'ok');
  const python = "import urllib.request, sys; print(urllib.request.urlopen(sys.argv[1]).status)";
  assert.equal(run('python3', ['-c', python, health], { SSL_CERT_FILE: ca }), '200\n');
});
