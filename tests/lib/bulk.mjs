// Bulks of cards, sent as the gateway would.
import fs from 'node:fs';
import https from 'node:https';
import { directory, sandbox } from './sandbox.mjs';

const file = (name) => fs.readFileSync(`${directory}/certs/internal/${name}`);

// Sends a bulk; `seen` is called with each line of the answer while it comes. The lines that came.
export function sendBulk(name, body, seen = () => {}) {
  const url = new URL(sandbox().vault_url);
  return new Promise((resolve) => {
    const answers = [];
    let text = '';
    const call = https.request({ host: url.hostname, port: url.port, method: 'POST', path: `/bulk/${name}?account=00000001&livemode=false`,
      headers: { 'Content-Type': 'application/x-ndjson' }, ca: file('ca.pem'), cert: file('gateway.pem'), key: file('gateway.key') }, (answer) => {
      answer.on('data', (part) => {
        text += part;
        for (let end; (end = text.indexOf('\n')) >= 0; text = text.slice(end + 1)) {
          answers.push(JSON.parse(text.slice(0, end)));
          seen(answers.at(-1), call);
        }
      });
      answer.on('end', () => resolve(answers)).on('error', () => resolve(answers));
    });
    call.on('error', () => resolve(answers));
    (async () => {
      for (let i = 0; i < body.length && !call.destroyed; i += 500)
        if (!call.write(body.slice(i, i + 500).join(''))) await new Promise((ready) => { call.once('drain', ready); call.once('close', ready); });
      call.end();
    })();
  });
}
