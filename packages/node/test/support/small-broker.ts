import { createServer, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { TEST_CERTIFICATES } from './certificates.ts';

/** A message as the small broker sends it. */
export interface SentMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos?: 0 | 1;
  readonly retain?: boolean;
  readonly dup?: boolean;
  /** Needed with `qos: 1`. */
  readonly id?: number;
}

/** What a client said when it came. */
interface Greeting {
  readonly clean: boolean;
  readonly client: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** A broker of the tests: says yes, sends what it is told to, and remembers what it heard. MQTT 3.1.1 by the book. */
export interface SmallBroker extends AsyncDisposable {
  readonly port: number;
  readonly greetings: readonly Greeting[];
  /** Topics and quality of service that were asked for last. */
  readonly wanted: readonly string[];
  readonly acknowledged: readonly number[];
  /** Resolves at the next subscription, or at once when somebody is there. */
  subscribed(): Promise<void>;
  send(...messages: readonly SentMessage[]): void;
  sendRaw(bytes: Uint8Array): void;
  drop(): void;
}

const length = (bytes: number): number[] => {
  const out: number[] = [];
  do {
    out.push((bytes % 128) | (bytes >= 128 ? 128 : 0));
    bytes = Math.floor(bytes / 128);
  } while (bytes > 0);
  return out;
};
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};
const packet = (head: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([head, ...length(body.length)]), body]);
};

/** A PUBLISH packet (MQTT 3.1.1 §3.3). */
function publish({ topic, payload, qos = 0, retain, dup, id }: SentMessage): Buffer {
  const head = 0x30 | (dup === true ? 8 : 0) | (qos << 1) | (retain === true ? 1 : 0);
  const number = qos === 0 ? [] : [Buffer.from([(id ?? 1) >> 8, (id ?? 1) & 255])];
  return packet(head, text(topic), ...number, Buffer.from(payload));
}

/** Starts a small broker; `code` other than 0 turns every client away. */
export async function smallBroker({ port = 0, code = 0, isSecure = false } = {}): Promise<SmallBroker> {
  const sockets = new Set<Socket>();
  const greetings: Greeting[] = [];
  const acknowledged: number[] = [];
  let wanted: string[] = [];
  let waiting: (() => void)[] = [];
  let isThere = false;

  const heard = (socket: Socket, type: number, body: Buffer): void => {
    let at = 0;
    const next = (): string => {
      const size = body.readUInt16BE(at);
      at += 2 + size;
      return body.subarray(at - size, at).toString();
    };
    if (type === 1) {
      next();
      const flags = body[at + 1] ?? 0;
      at += 4;
      const client = next();
      const user = flags & 128 ? next() : undefined;
      const password = flags & 64 ? next() : undefined;
      greetings.push({ clean: (flags & 2) !== 0, client, user, password });
      socket.write(packet(0x20, Buffer.from([0, code])));
    } else if (type === 8) {
      at = 2;
      wanted = [];
      while (at < body.length) {
        const topic = next();
        wanted.push(`${topic} ${body[at++]}`);
      }
      socket.write(packet(0x90, body.subarray(0, 2), Buffer.from(wanted.map((one) => Number(one.at(-1))))));
      isThere = true;
      for (const resolve of waiting) resolve();
      waiting = [];
    } else if (type === 4) acknowledged.push(body.readUInt16BE(0));
    else if (type === 12) socket.write(packet(0xd0));
  };
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      isThere = sockets.size > 0 && isThere;
    });
    let buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (;;) {
        let size = 0;
        let at = 1;
        for (let byte = 128; byte >= 128; at++) {
          if (at >= buffer.length) return;
          byte = buffer[at] ?? 0;
          size += (byte & 127) * 128 ** (at - 1);
        }
        if (buffer.length < at + size) return;
        const type = (buffer[0] ?? 0) >> 4;
        const body = buffer.subarray(at, at + size);
        buffer = buffer.subarray(at + size);
        heard(socket, type, body);
      }
    });
  };
  const server = isSecure ? createSecureServer(TEST_CERTIFICATES.first, serve) : createServer(serve);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const write = (bytes: Uint8Array): void => {
    for (const socket of sockets) socket.write(bytes);
  };
  const drop = (): void => {
    isThere = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    greetings,
    acknowledged,
    get wanted() {
      return wanted;
    },
    subscribed: () => (isThere ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    send: (...messages) => write(Buffer.concat(messages.map(publish))),
    sendRaw: write,
    drop,
    async [Symbol.asyncDispose]() {
      drop();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
