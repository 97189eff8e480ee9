// The sandbox's acquirer as a host on the line: who may sign on, what it says to what it cannot take, duplicates. Leaves no
// hold: its authorization comes behind its reversal.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import tls from 'node:tls';
import { once } from 'node:events';
import { directory, top } from '../lib/sandbox.mjs';

const vectors = JSON.parse(fs.readFileSync(top + '/tests/vectors/iso8583/vectors.json', 'utf8'));
const vector = (id) => Buffer.from([...vectors.positive, ...vectors.malformed].find((entry) => entry.id === id).hex, 'hex');
const frame = (payload) => { const head = Buffer.alloc(2); head.writeUInt16BE(payload.length); return Buffer.concat([head, payload]); };
const certificate = (name) => ({ cert: fs.readFileSync(`${directory}/certs/internal/${name}.pem`), key: fs.readFileSync(`${directory}/certs/internal/${name}.key`) });

// An 0800 of this forwarder.
const network = (code, stan = '000001', forwarder = '900001') =>
  Buffer.from(`080082200000800000000400000000000000${'0317120000'}${stan}${String(forwarder.length).padStart(2, '0')}${forwarder}${code}`);

class Line {
  static async open(name = 'vault') {
    const port = Number(/port = (\d+)/.exec(fs.readFileSync(directory + '/config/acquirer.toml', 'utf8'))[1]);
    const line = new Line();
    line.socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca: fs.readFileSync(directory + '/certs/internal/ca.pem'), ...(name ? certificate(name) : {}) });
    line.bytes = Buffer.alloc(0);
    line.ended = false;
    line.socket.on('data', (more) => { line.bytes = Buffer.concat([line.bytes, more]); line.socket.emit('more'); });
    for (const event of ['close', 'error']) line.socket.on(event, () => { line.ended = true; line.socket.emit('more'); });
    await Promise.race([once(line.socket, 'secureConnect'), once(line.socket, 'more')]);
    return line;
  }
  send(...payloads) { this.socket.write(Buffer.concat(payloads.map(frame))); }
  raw(...bytes) { this.socket.write(Buffer.from(bytes)); }
  // The next message as text; undefined when the host has hung up.
  async next() {
    for (;;) {
      const size = this.bytes.length >= 2 ? this.bytes.readUInt16BE() : Infinity;
      if (this.bytes.length >= size + 2) {
        const text = this.bytes.subarray(2, size + 2).toString('latin1');
        this.bytes = this.bytes.subarray(size + 2);
        return text;
      }
      if (this.ended) return undefined;
      await once(this.socket, 'more');
    }
  }
  close() { this.socket.destroy(); }
}
async function signedOn() {
  const line = await Line.open();
  line.send(network('001'));
  assert.equal(code(await line.next()), '0810 00');
  return line;
}
// MTI and field 39, of answers with and without field 38, and of those that carry little else.
const code = (text) => {
  if (text === undefined) return undefined;
  const [mti, bitmap] = [text.slice(0, 4), BigInt('0x' + text.slice(4, 20))];
  const has = (field) => (bitmap >> BigInt(64 - field)) & 1n;
  let at = has(1) ? 36 : 20;
  const fixed = { 3: 6, 4: 12, 7: 10, 11: 6, 12: 6, 13: 4, 15: 4, 19: 3, 37: 12, 38: 6 };
  for (let field = 2; field < 39; field++)
    if (has(field)) at += fixed[field] ?? 2 + Number(text.slice(at, at + 2));
  return mti + ' ' + text.slice(at, at + 2);
};

test('only a known certificate signs on, with its own forwarder id, and nothing goes before', async () => {
  const stranger = await Line.open(null);
  assert.equal(await stranger.next(), undefined);
  const other = await Line.open('gateway');
  other.send(network('001'));
  assert.equal(code(await other.next()), '0810 58');
  assert.equal(await other.next(), undefined);
  const line = await Line.open();
  line.send(vector('A01'), network('301'));
  assert.equal(code(await line.next()), '0110 91');
  assert.equal(code(await line.next()), '0810 91');
  line.send(network('001', '000002', '900002'));
  assert.equal(code(await line.next()), '0810 58');
  assert.equal(await line.next(), undefined);
});

test('echoes are answered, other codes refused, and a sign-off ends the connection', async () => {
  const line = await signedOn();
  line.send(network('301', '000011'), network('777', '000013'));
  assert.equal(code(await line.next()), '0810 00');
  assert.equal(code(await line.next()), '0810 12');
  line.send(network('002', '000014'));
  assert.equal(code(await line.next()), '0810 00');
  assert.equal(await line.next(), undefined);
});

test('a reversal that comes first refuses its original, and duplicates are answered alike', async () => {
  const line = await signedOn();
  const reversal = vector('V01');
  const repeat = Buffer.from(reversal.toString('latin1').replace(/^0420/, '0421'), 'latin1');
  const altered = Buffer.from(reversal.toString('latin1').replace('000000012599', '000000012600'), 'latin1');
  line.send(reversal);
  const first = await line.next();
  assert.equal(code(first), '0430 25');
  line.send(vector('A01'), repeat, altered);
  assert.equal(code(await line.next()), '0110 21');
  assert.equal(await line.next(), first);
  assert.equal(code(await line.next()), '0430 94');
  // In pieces, behind an empty frame.
  line.raw(0, 0);
  for (const byte of frame(network('301', '000021'))) line.raw(byte);
  assert.equal(code(await line.next()), '0810 00');
  line.close();
});

test('what cannot be read is refused, and three in a row or a bad frame end the connection', async () => {
  const line = await signedOn();
  line.send(vector('M20'), vector('M20'), network('301', '000031'), vector('M34'), vector('M20'));
  assert.deepEqual([code(await line.next()), code(await line.next()), code(await line.next()), code(await line.next()), code(await line.next())],
    ['0110 30', '0110 30', '0810 00', '0110 14', '0110 30']);
  line.send(vector('M02'), vector('M05'));  // not enough of them for an answer
  assert.equal(await line.next(), undefined);
  const long = await signedOn();
  long.raw(0x20, 0x01);
  assert.equal(await long.next(), undefined);
});
