// The running processes that tests/run started, and the official client pointed at them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { after, afterEach } from 'node:test';
import { checked, note, takeFaults } from './types.mjs';

const require = createRequire(process.env.PORTCULLIS_TOP + '/build/node/');
const Stripe = require('stripe');

export const top = process.env.PORTCULLIS_TOP;
export const sandboxFile = process.env.PORTCULLIS_SANDBOX;
export const directory = sandboxFile.replace(/\/sandbox\.json$/, '');
export const sandbox = () => JSON.parse(fs.readFileSync(sandboxFile, 'utf8'));

export const ca = () => fs.readFileSync(sandbox().ca_file);
export const agent = new https.Agent({ keepAlive: true, maxSockets: 64, ca: ca() });

// A test fails when an answer that it got is not what the SDK's types promise, whatever else it looks at.
for (const hook of [afterEach, after])
  hook(() => {
    const faults = takeFaults();
    if (faults.length) throw new assert.AssertionError({ message: `Not what the SDK declares:\n${faults.join('\n')}` });
  });

export function client(key, options = {}) {
  const url = new URL(sandbox().gateway_url);
  return new Stripe(key, { host: url.hostname, port: url.port, protocol: 'https', httpClient: checked(Stripe.createNodeHttpClient(agent)), maxNetworkRetries: 0, ...options });
}
export const relaxed = (options) => client(sandbox().accounts.relaxed.secret_key, options);
export const strict = (options) => client(sandbox().accounts.strict.secret_key, options);
export const publishable = (options) => client(sandbox().accounts.relaxed.publishable_key, options);

// A bare request: {status, headers, body (parsed when it is JSON), text, bytes}.
export function request(method, path, { key = sandbox().accounts.relaxed.secret_key, headers = {}, body, basic = false } = {}) {
  const url = new URL(sandbox().gateway_url);
  const authorization = key === null ? {} : { Authorization: basic ? 'Basic ' + Buffer.from(key + ':').toString('base64') : 'Bearer ' + key };
  const payload = body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : new URLSearchParams(body).toString();
  return new Promise((resolve, reject) => {
    const call = https.request(
      { host: url.hostname, port: url.port, method, path, agent,
        headers: { ...authorization, ...(payload === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(payload) }), ...headers } },
      (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          let parsed;
          try { parsed = JSON.parse(text); } catch { parsed = undefined; }
          if (parsed !== undefined && method !== 'OPTIONS' && path.startsWith('/v1/') && path !== '/v1/openapi.json') note({ method, path, status: answer.statusCode, headers: answer.headers, body: parsed, publishable: key?.startsWith('pk_') });
          resolve({ status: answer.statusCode, headers: answer.headers, body: parsed, text, bytes });
        });
      });
    call.on('error', reject);
    if (payload !== undefined) call.write(payload);
    call.end();
  });
}

export const form = (object) => new URLSearchParams(object).toString();

// One statement against a database as the cluster's operator; rows as arrays of text.
export function sql(database, statement) {
  const url = new URL(sandbox().admin_database_url.replace('postgresql://postgres@/', 'postgresql://postgres@localhost/'));
  const out = execFileSync('/usr/lib/postgresql/15/bin/psql',
    ['-qtAX', '-v', 'ON_ERROR_STOP=1', '-F', '\t', '-h', url.searchParams.get('host'), '-U', 'postgres', '-d', database, '-c', statement], { encoding: 'utf8' });
  return out.split('\n').filter((line) => line !== '').map((line) => line.split('\t'));
}

// The simulated issuer's own books, for comparison with ours.
export async function issuer(path) {
  const config = fs.readFileSync(directory + '/config/acquirer.toml', 'utf8');
  const port = /\[control\]\s*port = (\d+)/.exec(config)[1];
  return (await fetch(`http://127.0.0.1:${port}${path}`)).json();
}

export function gatewayRun(...options) {
  return execFileSync(top + '/gateway/run', ['--data', directory, '--detach', '--no-build', '--set', 'rate_limit.requests_per_second=0', ...options], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export async function until(condition, milliseconds = 30000, what = 'the condition') {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${milliseconds} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
