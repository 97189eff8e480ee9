// A webhook receiver for Node without packages: checks the signature, answers at once, handles each event once.
// WEBHOOK_SECRET=whsec_… PORT=4242 node webhook_receiver.mjs
import http from 'node:http';
import crypto from 'node:crypto';

const secret = process.env.WEBHOOK_SECRET;
const tolerance = 300;  // seconds
const seen = new Set();  // of event ids; in a real shop a table with a unique key

// Whether one of the header's signatures is that of its time and these very bytes, and the time is not long ago.
export function verify(body, header, key = secret, now = Math.floor(Date.now() / 1000)) {
  const parts = (header ?? '').split(',').map((part) => part.split('='));
  const time = parts.find(([name]) => name === 't')?.[1];
  if (!/^\d+$/.test(time ?? '') || Math.abs(now - Number(time)) > tolerance) return false;
  const wanted = crypto.createHmac('sha256', key).update(time + '.').update(body).digest();
  return parts.filter(([name]) => name === 'v1').some(([, hex]) => {
    const given = Buffer.from(hex ?? '', 'hex');
    return given.length === wanted.length && crypto.timingSafeEqual(given, wanted);
  });
}

function handle(event) {
  if (seen.has(event.id)) return;  // sent twice
  seen.add(event.id);
  console.log(event.type, event.data.object.id);
}

if (process.argv[1] === import.meta.filename)
  http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);  // as it came: parsing and printing it again changes it
      if (!verify(body, request.headers['stripe-signature'])) return response.writeHead(400).end();
      response.writeHead(200).end();
      handle(JSON.parse(body));
    });
  }).listen(Number(process.env.PORT ?? 4242), '127.0.0.1', function () { console.log('listening', this.address().port); });
