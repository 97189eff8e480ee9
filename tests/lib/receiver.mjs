// A merchant's server for webhooks on loopback.
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';

export class Receiver {
  // `answer(request)` gives a status, a function that writes the answer itself, or undefined for none at all.
  constructor(answer = () => 200) {
    this.received = [];
    this.answer = answer;
    this.server = http.createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const got = { method: request.method, url: request.url, headers: request.headers, body, event: JSON.parse(body) };
        this.received.push(got);
        const what = this.answer(got);
        if (typeof what === 'function') what(response);
        else if (what !== undefined) response.writeHead(what, what >= 300 && what < 400 ? { Location: 'http://127.0.0.1:1/' } : {}).end();
      });
    });
  }
  async listen() {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }
  get url() { return `http://127.0.0.1:${this.server.address().port}/hook`; }
  of(objectId) { return this.received.filter(({ event }) => event.data.object.id === objectId || event.data.object.payment_intent === objectId); }
  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
