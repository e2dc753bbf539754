import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { TEST_CERTIFICATES } from './certificates.ts';
import { countedWh } from './p1-day.ts';

/** A HomeWizard meter on loopback. */
export interface FakeHomeWizard extends AsyncDisposable {
  readonly url: string;
  /** Requests for readings that it answered. */
  answered(): number;
  /** Lets the next program in, as the button does. */
  pressButton(): void;
  /** Tokens that it knows; cleared, every program must pair again. */
  readonly tokens: Set<string>;
  /** Programs that it pushes to now. */
  readonly lines: ReadonlySet<WebSocket>;
  /** Everything that programs said over WebSockets, as JSON. */
  readonly said: readonly string[];
  /** Sends a message to all that asked for measurements. */
  push(message: object | string): void;
}

/** What the fake of API v2 measures at a moment, as its answers and messages tell it. */
export function measurementAt(at: number): object {
  const { low, high } = countedWh(at);
  return {
    protocol_version: 50,
    unique_id: '00112233445566778899AABBCCDDEEFF',
    // The fake stands in Amsterdam in winter.
    timestamp: new Date(at + 3_600_000).toISOString().slice(0, 19),
    energy_import_kwh: (low + high) / 1000,
    energy_import_t1_kwh: low / 1000,
    energy_import_t2_kwh: high / 1000,
    power_w: -250,
  };
}

/** A P1 meter of API v1 whose registers are those of `countedWh` at `now()`. */
export function fakeHomeWizard(now: () => number, port = 0): Promise<FakeHomeWizard> {
  let answered = 0;
  return listen(
    (request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/api') {
        response.end(JSON.stringify({ product_type: 'HWE-P1', product_name: 'P1 Meter', api_version: 'v1' }));
      } else if (request.url === '/api/v1/data') {
        answered++;
        const { low, high } = countedWh(now());
        response.end(
          JSON.stringify({
            smr_version: 50,
            unique_id: '00112233445566778899AABBCCDDEEFF',
            active_tariff: 2,
            total_power_import_kwh: (low + high) / 1000,
            total_power_import_t1_kwh: low / 1000,
            total_power_import_t2_kwh: high / 1000,
            total_power_export_kwh: 0,
            active_power_w: 543,
          }),
        );
      } else {
        response.statusCode = 404;
        response.end('{}');
      }
    },
    { port, answered: () => answered },
  );
}

/** A P1 meter of API v2: HTTPS under a certificate of its own, a token for whom the button let in. */
export function fakeHomeWizardV2(
  certificate: keyof typeof TEST_CERTIFICATES = 'first',
  port = 0,
  /** Whether its firmware knows WebSockets. */
  isPushing = false,
): Promise<FakeHomeWizard> {
  let answered = 0;
  let isPressed = false;
  const tokens = new Set<string>();
  const tell: RequestListener = (request, response) => {
    const answer = (status: number, json: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(json));
    };
    if (request.headers['x-api-version'] !== '2') return answer(400, { error: { code: 'request:version' } });
    if (request.url === '/api/user' && request.method === 'POST') {
      if (!isPressed) return answer(403, { error: { code: 'user:creation-not-enabled' } });
      isPressed = false;
      const token = `TOKEN${tokens.size}0123456789ABCDEF`;
      tokens.add(token);
      return answer(200, { token, name: 'local/edmp' });
    }
    if (!tokens.has((request.headers.authorization ?? '').replace('Bearer ', '')))
      return answer(401, { error: { code: 'user:unauthorized' } });
    answered++;
    answer(200, measurementAt(Date.parse('2024-01-16T11:00:00Z')));
  };
  return listen(tell, {
    port,
    answered: () => answered,
    tokens,
    pressButton: () => {
      isPressed = true;
    },
    secure: TEST_CERTIFICATES[certificate],
    isPushing,
  });
}

/** Talks as API v2 does over a WebSocket: asks for the token, then pushes to whom asks for measurements. */
function converse(line: WebSocket, tokens: ReadonlySet<string>, lines: Set<WebSocket>, said: string[]): void {
  const tell = (type: string, data: unknown): void => line.send(JSON.stringify({ type, data }));
  line.on('error', () => undefined);
  line.on('close', () => lines.delete(line));
  line.on('message', (bytes: Buffer) => {
    said.push(bytes.toString());
    const { type, data } = JSON.parse(bytes.toString()) as { readonly type: string; readonly data: string };
    if (type === 'authorization' && tokens.has(data)) tell('authorized', undefined);
    else if (type === 'authorization') tell('error', { message: 'user:unauthorized' });
    else if (type === 'subscribe' && data === 'measurement') lines.add(line);
  });
  tell('authorization_requested', { api_version: '2.0.0' });
}

async function listen(
  tell: RequestListener,
  options: {
    readonly port: number;
    readonly answered: () => number;
    readonly tokens?: Set<string>;
    readonly pressButton?: () => void;
    readonly secure?: { readonly key: string; readonly cert: string };
    readonly isPushing?: boolean;
  },
): Promise<FakeHomeWizard> {
  const { secure, port, answered, tokens = new Set<string>(), pressButton = () => undefined } = options;
  const server = secure === undefined ? createServer(tell) : createSecureServer(secure, tell);
  const lines = new Set<WebSocket>();
  const said: string[] = [];
  const sockets = options.isPushing === true ? new WebSocketServer({ server, path: '/api/ws' }) : undefined;
  sockets?.on('connection', (line) => converse(line, tokens, lines, said));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `${secure === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered,
    tokens,
    pressButton,
    lines,
    said,
    push: (message) => {
      for (const line of lines) line.send(typeof message === 'string' ? message : JSON.stringify(message));
    },
    [Symbol.asyncDispose]: async () => {
      for (const line of sockets?.clients ?? []) line.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
