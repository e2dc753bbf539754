import { connect } from 'node:net';
import { type HttpServer, startHttp } from '@edmp/node/http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { httpMarket } from '../support/http.ts';

let server: HttpServer;
beforeAll(async () => {
  server = await startHttp({ app: httpMarket().seller.app, port: 0 });
});
afterAll(() => server.stop());

/** Status of the answer to bytes sent as they are; NaN when the server only closed the connection. */
async function statusOf(request: string): Promise<number> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', (text: string) => {
    answer += text;
  });
  socket.write(request.replaceAll('\n', '\r\n'));
  // Not `end`: the server may reset the connection while a request is still being sent.
  socket.on('error', () => {});
  let late = false;
  socket.setTimeout(bounds.wait, () => {
    late = true;
    socket.destroy();
  });
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  expect(late, 'the server left the connection open').toBe(false);
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}

it.each([
  ['no Host', 'GET /v1/info HTTP/1.1\nConnection: close\n\n'],
  ['a Host with a space', 'GET /v1/info HTTP/1.1\nHost: a b\nConnection: close\n\n'],
  ['a Host with a path', 'GET /v1/info HTTP/1.1\nHost: 127.0.0.1/evil\nConnection: close\n\n'],
  ['a Host with a user', 'GET /v1/info HTTP/1.1\nHost: x@127.0.0.1\nConnection: close\n\n'],
  ['two Hosts', 'GET /v1/info HTTP/1.1\nHost: 127.0.0.1\nHost: evil.example\nConnection: close\n\n'],
  [
    'another absolute URI',
    'GET http://evil.example/v1/meters HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n',
  ],
  ['a path of two slashes', 'GET //evil.example/v1/meters HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n'],
  ['a malformed escape', 'GET /v1/trades/%zz HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n'],
  [
    'a huge header',
    `GET /v1/info HTTP/1.1\nHost: 127.0.0.1\nX-A: ${'a'.repeat(70_000)}\nConnection: close\n\n`,
  ],
  ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n'],
  ['TRACE', 'TRACE /v1/info HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n'],
  ['no HTTP at all', 'hello\n\n'],
  [
    'a chunked body of bad UTF-8',
    'PUT /market/asks HTTP/1.1\nHost: 127.0.0.1\nTransfer-Encoding: chunked\nConnection: close\n\n2\n\u00ff\n0\n\n',
  ],
])('refuses %s and goes on serving', async (_, request) => {
  const status = await statusOf(request);
  if (!Number.isNaN(status)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  }
  expect((await fetch(`${server.url}/v1/info`)).status).toBe(200);
});
