// What gateway/run prints works as pasted.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { directory, gatewayRun, top } from '../lib/sandbox.mjs';

const printed = gatewayRun();
const snippet = (start) => {
  const begin = printed.indexOf(start);
  assert.notEqual(begin, -1, `no snippet begins with ${start}`);
  return printed.slice(begin, printed.indexOf('\n\n', begin));
};
const paste = (text, env = {}) => execFileSync('bash', ['-c', text], { encoding: 'utf8', env: { ...process.env, NODE_EXTRA_CA_CERTS: '', ...env }, cwd: top + '/build/node', stdio: ['ignore', 'pipe', 'pipe'] });

test('the curl snippet takes a payment', () => {
  assert.equal(JSON.parse(paste(snippet('curl --cacert'))).status, 'succeeded');
});

test('the Node snippet takes a payment', () => {
  const bin = path.dirname(process.execPath);
  assert.match(paste(snippet('NODE_EXTRA_CA_CERTS='), { PATH: `${bin}:${process.env.PATH}` }), /^pi_\w+ succeeded/);
});

test('the Python snippet takes a payment', { skip: process.env.PORTCULLIS_PYTHON ? false : 'stripe for Python is not installed' }, () => {
  const bin = path.dirname(process.env.PORTCULLIS_PYTHON);
  assert.match(paste(snippet('python3 -c "'), { PATH: `${bin}:${process.env.PATH}` }), /^pi_\w+ succeeded/);
});

test('sandbox.json is private and names what runs', () => {
  const file = directory + '/sandbox.json';
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const { pids } = JSON.parse(fs.readFileSync(file, 'utf8'));
  for (const pid of Object.values(pids)) assert.ok(fs.existsSync(`/proc/${pid}`));
});
