// gateway/run as a user meets it: odd directories, a second starter, a taken port, Ctrl-C, missing packages.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { top, until } from '../lib/sandbox.mjs';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'portcullis run '));
fs.chmodSync(scratch, 0o755);
const data = path.join(scratch, 'a long'.padEnd(90, ' path'), 'data');
const run = (directory, ...options) =>
  spawnSync(top + '/gateway/run', ['--data', directory, '--no-build', ...options], { encoding: 'utf8', timeout: 120000 });
const fine = (...options) => {
  const result = run(...options);
  assert.equal(result.status, 0, result.stderr);
  return result.stdout;
};
const read = (directory = data) => JSON.parse(fs.readFileSync(directory + '/sandbox.json', 'utf8'));
const alive = (pid) => {
  try { return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')); } catch { return false; }
};
const socketOf = (directory = data) => fs.readFileSync(directory + '/run/socket_directory', 'utf8').trim();
const gone = ({ pids }, socket) => {
  for (const [name, pid] of Object.entries(pids)) assert.ok(!alive(pid), `${name} still runs`);
  assert.ok(!fs.existsSync(socket), `${socket} is still there`);
};

after(() => {
  for (const directory of [data, scratch + '/other']) run(directory, '--stop');
  fs.rmSync(scratch, { recursive: true, force: true });
});

test('two starters at once in a long path with spaces bring up one gateway', async () => {
  const starters = [1, 2].map(() => new Promise((resolve) => {
    const child = spawn(top + '/gateway/run', ['--data', data, '--port', '0', '--detach', '--no-build'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    child.stdout.on('data', (chunk) => { printed += chunk; });
    child.stderr.on('data', (chunk) => { printed += chunk; });
    child.on('close', (status) => resolve({ status, printed }));
  }));
  const [first, second] = await Promise.all(starters);
  assert.equal(first.status, 0, first.printed);
  assert.equal(second.status, 0, second.printed);
  const url = /https:\/\/localhost:\d+/;
  assert.equal(url.exec(first.printed)[0], url.exec(second.printed)[0]);
  for (const pid of Object.values(read().pids)) assert.ok(alive(pid));
});

test('sandbox.json has the shape that programs read', () => {
  const sandbox = read();
  const key = (kind, account) => new RegExp(`^${kind}_test_\\w+$`).test(account);
  assert.deepEqual(Object.keys(sandbox), ['gateway_url', 'ca_file', 'metrics', 'vault_url', 'accounts', 'database_url', 'vault_database_url', 'admin_database_url', 'pids']);
  assert.match(sandbox.gateway_url, /^https:\/\/localhost:\d+$/);
  assert.match(sandbox.vault_url, /^https:\/\/localhost:\d+$/);
  assert.equal(sandbox.ca_file, data + '/certs/ca.pem');
  for (const name of ['gateway', 'vault', 'acquirer']) assert.match(sandbox.metrics[name], /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  for (const name of ['strict', 'relaxed']) {
    const { id, secret_key: secret, publishable_key: publishable, ...more } = sandbox.accounts[name];
    assert.match(id, /^acct_\w+$/);
    assert.ok(key('sk', secret) && key('pk', publishable));
    assert.deepEqual(more, {});
  }
  assert.deepEqual(Object.keys(sandbox.pids), ['gateway', 'vault', 'acquirer', 'postgres']);
  for (const url of [sandbox.database_url, sandbox.vault_database_url, sandbox.admin_database_url]) {
    assert.doesNotThrow(() => new URL(url.replace('@/', '@localhost/')));
    assert.equal(execFileSync('/usr/lib/postgresql/15/bin/psql', ['-qtAX', url, '-c', 'SELECT 1'], { encoding: 'utf8' }), '1\n');
  }
});

test('the second start takes less than five seconds, leaves what runs, and prints a command that can be pasted', () => {
  const before = read();
  const began = Date.now();
  const printed = fine(data, '--detach');
  assert.ok(Date.now() - began < 5000);
  assert.deepEqual(read(), before);
  const begin = printed.indexOf('curl --cacert');
  const answer = execFileSync('bash', ['-c', printed.slice(begin, printed.indexOf('\n\n', begin))], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.equal(JSON.parse(answer).status, 'succeeded');
});

test('what has died is started again at once and the rest is left', () => {
  const before = read();
  for (const name of ['acquirer', 'postgres']) process.kill(before.pids[name], 'SIGKILL');
  fine(data, '--detach');
  const now = read();
  assert.deepEqual([now.pids.gateway, now.pids.vault], [before.pids.gateway, before.pids.vault]);
  assert.notEqual(now.pids.acquirer, before.pids.acquirer);
  assert.notEqual(now.pids.postgres, before.pids.postgres);
  assert.deepEqual({ ...now, pids: null }, { ...before, pids: null });
});

test('settings that no program knows or takes are refused with the reason', () => {
  const unknown = run(data, '--detach', '--set', 'nothing.here=1');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /nothing\.here=1: no program knows this key/);
  const wrong = run(data, '--detach', '--set', 'rate_limit.requests_per_second=lots');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /rate_limit\.requests_per_second: must be a whole number/);
});

test('--stop ends everything and removes the socket; again it says that there is nothing', () => {
  const before = read();
  const socket = socketOf();
  fine(data, '--stop');
  gone(before, socket);
  const never = path.join(scratch, 'never');
  assert.match(run(never, '--stop').stderr, /Nothing has been started/);
  assert.ok(!fs.existsSync(never));
});

test('a taken port is named with what to do, and nothing is left running', async () => {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const other = scratch + '/other';
  const result = run(other, '--detach', '--port', String(Math.min(port, 65529)));
  await new Promise((resolve) => server.close(resolve));
  assert.equal(result.status, 1);
  assert.match(result.stderr, new RegExp(`Port ${port}, which .* is taken by another program`));
  assert.match(result.stderr, /--port N/);
  assert.deepEqual(fs.readdirSync(other + '/run').filter((name) => name.endsWith('.pid')), []);
});

test('--reset never deletes a directory that is not ours', () => {
  const foreign = path.join(scratch, 'foreign');
  fs.mkdirSync(foreign);
  fs.writeFileSync(foreign + '/letter', 'dear');
  const refused = run(foreign, '--reset', '--detach', '--port', '0');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /holds something else/);
  assert.deepEqual(fs.readdirSync(foreign), ['letter']);
});

test('--reset begins anew; in the foreground a dead child is reported and Ctrl-C ends everything cleanly', async () => {
  const secret = read().accounts.relaxed.secret_key;
  const child = spawn(top + '/gateway/run', ['--data', data, '--no-build', '--reset', '--port', '0', '--set', 'server.threads=1', '--set', 'database.connections=3'], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let printed = '';
  child.stdout.on('data', (chunk) => { printed += chunk; });
  child.stderr.on('data', (chunk) => { printed += chunk; });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await until(() => printed.includes('Ctrl-C stops everything'), 60000, 'the gateway to run');
  const before = read();
  const socket = socketOf();
  assert.notEqual(before.accounts.relaxed.secret_key, secret);
  for (const name of ['gateway', 'vault']) {
    const command = fs.readFileSync(`/proc/${before.pids[name]}/cmdline`, 'utf8').split('\0');
    assert.ok(command.includes('server.threads=1') && command.includes('database.connections=3'), command.join(' '));
  }
  process.kill(before.pids.acquirer, 'SIGKILL');
  await until(() => printed.includes('portcullis-acquirer has ended'), 10000, 'the report of a death');
  assert.ok(alive(before.pids.gateway));
  process.kill(-child.pid, 'SIGINT');  // as a terminal does: to the whole group
  assert.equal(await ended, 0, printed);
  gone(before, socket);
});

test('a full disk ends the start with a message, and room lets the next start succeed', { skip: process.getuid() === 0 ? false : 'only root can mount a small file system' }, () => {
  const small = path.join(scratch, 'small');
  fs.mkdirSync(small);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m,mode=755', 'tmpfs', small]);
  assert.equal(mounted.status, 0, String(mounted.stderr));
  try {
    const result = run(small + '/data', '--detach', '--port', '0');
    assert.equal(result.status, 1);
    assert.match(result.stderr, /Only \d+ MiB are free/);
  } finally {
    execFileSync('umount', ['-l', small]);
  }
});

test('without root and sudo the missing packages are named in a command for someone who has', { skip: process.getuid() === 0 ? false : 'only root can become somebody else' }, () => {
  const tree = path.join(scratch, 'tree');
  const stubs = path.join(scratch, 'stubs');
  fs.mkdirSync(tree + '/gateway', { recursive: true });
  fs.mkdirSync(stubs);
  fs.cpSync(top + '/gateway/run', tree + '/gateway/run');
  fs.cpSync(top + '/gateway/setup', tree + '/gateway/setup', { recursive: true });
  fs.chownSync(tree, 65534, 65534);
  fs.writeFileSync(stubs + '/dpkg-query', '#!/bin/sh\necho "curl install ok installed"\necho "softhsm2 deinstall ok config-files"\n', { mode: 0o755 });
  // Only what the script uses: a sudo of the machine must not be found.
  for (const tool of ['bash', 'env', 'dirname', 'realpath', 'id', 'mkdir', 'flock', 'cat'])
    fs.symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), `${stubs}/${tool}`);
  const result = spawnSync(tree + '/gateway/run', ['--data', scratch + '/third'], { encoding: 'utf8', uid: 65534, gid: 65534, env: { PATH: stubs } });
  assert.equal(result.status, 1);
  const command = /apt-get install -y --no-install-recommends (.*)/.exec(result.stderr)?.[1].split(' ');
  assert.ok(command, result.stderr);
  assert.ok(command.includes('softhsm2') && command.includes('clang-19') && !command.includes('curl'));
});
