import { connect, type Socket } from 'node:net';
import { type HttpServer, startHttp } from '@edmp/node/http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { httpMarket, TOKEN } from '../support/http.ts';

let server: HttpServer;
beforeAll(async () => {
  const limits = { headMs: 200, requestMs: 400, idleMs: 200, silentMs: 1_000, everyMs: 50 };
  server = await startHttp({ app: httpMarket().seller.app, port: 0, limits });
});
afterAll(() => server.stop());

/** What the server says to somebody who sends `text` and then a byte now and then, until it closes the connection. */
async function answerTo(text: string, drip = ''): Promise<string> {
  const socket: Socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', (data: string) => {
    answer += data;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.write(text.replaceAll('\n', '\r\n'));
  const timer = drip === '' ? undefined : setInterval(() => socket.write(drip), 20);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    socket.destroy();
  }, bounds.wait);
  await closed;
  clearInterval(timer);
  clearTimeout(limit);
  expect(late, 'the server kept the connection').toBe(false);
  return answer;
}

const head = `Host: 127.0.0.1\nAuthorization: Bearer ${TOKEN}`;
const post = `POST /v1/bids HTTP/1.1\n${head}\nContent-Type: application/json\nContent-Length: 60000`;

it.each([
  ['says nothing', '', '', /^(?:HTTP\/1\.1 408|$)/],
  ['sends its head byte by byte', 'GET /v1/info HTTP/1.1\nHost: 127.0.0.1\nX-A: ', 'a', /^HTTP\/1\.1 408/],
  ['sends its body byte by byte', `${post}\n\n{`, ' ', /^HTTP\/1\.1 408/],
  [
    'never ends a chunked body',
    `${post.replace('Content-Length: 60000', 'Transfer-Encoding: chunked')}\n\n1\n{\n`,
    '',
    /408/,
  ],
  ['keeps the connection after its answer', `GET /v1/info HTTP/1.1\n${head}\n\n`, '', /^HTTP\/1\.1 200/],
])('is let go of who %s', async (_, text, drip, expected) => {
  expect(await answerTo(text, drip)).toMatch(expected);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

it('is let go of who does not read its answer', async () => {
  // A stream whose reader reads nothing: without a byte either way the connection ends.
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.write(`GET /v1/events HTTP/1.1\r\n${head.replace('\n', '\r\n')}\r\n\r\n`);
  socket.resume();
  await closed;
});
