import {
  AbortedError,
  EdmpError,
  type Environment,
  type IncomingRequest,
  InvalidArgumentError,
  isEdmpError,
  type Network,
  type PeerEvent,
  type PublicKey,
  type PublicKeyHex,
  publicKey,
  publicKeyToHex,
  type RequestHandler,
  type RequestOptions,
  sleep,
  TimeoutError,
  type TopicHandler,
  type TopicVerdict,
  throwIfAborted,
} from '@edmp/interface';

interface Served {
  readonly handler: RequestHandler;
  readonly maxRequestBytes: number;
  readonly maxConcurrentPerPeer: number;
  readonly open: Map<PublicKeyHex, number>;
}

/** The receiving side of one node, as its neighbours see it. */
interface Node {
  readonly key: PublicKey;
  readonly hex: PublicKeyHex;
  stopped: boolean;
  readonly neighbours: Map<PublicKeyHex, Node>;
  readonly served: Map<string, Served>;
  readonly topics: Map<string, TopicHandler>;
  readonly listeners: Set<(event: PeerEvent) => void>;
  /** Ends every stream of one neighbour. */
  readonly streams: Set<{ readonly peer: PublicKeyHex; end(error: EdmpError): void }>;
  deliver(topic: string, id: number, body: Uint8Array, from: Node): Promise<void>;
}

const stoppedError = (): EdmpError => new EdmpError('ERR_NETWORK_STOPPED', 'The network was stopped');
const goneError = (): EdmpError => new EdmpError('ERR_NETWORK_UNREACHABLE', 'The peer went away');
const delay = 1;

/** A hub that connects in-process networks without loss: the smallest thing that passes `networkSuite`. */
export function memoryHub(environment: Environment): { network(seed: number): Network } {
  const nodes: Node[] = [];
  let messages = 0;

  const emit = (node: Node, event: PeerEvent): void => {
    for (const listener of [...node.listeners]) listener(event);
  };
  const disconnect = (a: Node, b: Node): void => {
    for (const [node, other] of [[a, b] as const, [b, a] as const]) {
      if (!node.neighbours.delete(other.hex)) continue;
      for (const stream of [...node.streams]) if (stream.peer === other.hex) stream.end(goneError());
      if (!node.stopped) emit(node, { type: 'disconnected', peer: other.key });
    }
  };
  const addressOf = (node: Node): string => `memory:${node.hex}`;

  const network = (seed: number): Network => {
    const key = publicKey(Uint8Array.from({ length: 32 }, (_, i) => (seed * 31 + i * 7) & 255));
    const seen = new Set<number>();
    const node: Node = {
      key,
      hex: publicKeyToHex(key),
      stopped: false,
      neighbours: new Map(),
      served: new Map(),
      topics: new Map(),
      listeners: new Set(),
      streams: new Set(),
      async deliver(topic, id, body, from) {
        const handler = node.topics.get(topic);
        if (seen.has(id) || handler === undefined) return;
        seen.add(id);
        let verdict: TopicVerdict = 'reject';
        try {
          verdict = await handler(body, from.key);
        } catch {
          // A validator that fails says nothing good about the message.
        }
        if (verdict === 'accept') await spread(topic, id, body);
      },
    };
    nodes.push(node);

    const spread = async (topic: string, id: number, body: Uint8Array): Promise<void> => {
      await sleep(environment, delay);
      if (node.stopped) return;
      for (const other of node.neighbours.values()) void other.deliver(topic, id, body, node);
    };

    return {
      self: key,
      addresses: () => [addressOf(node)],
      peers: () => [...node.neighbours.values()].map((other) => other.key),
      async start() {},
      [Symbol.asyncDispose]() {
        return this.stop();
      },
      async stop() {
        if (node.stopped) return;
        node.stopped = true;
        for (const stream of [...node.streams]) stream.end(stoppedError());
        for (const other of [...node.neighbours.values()]) disconnect(node, other);
      },
      async connect(address, options = {}) {
        throwIfAborted(options.signal);
        if (node.stopped) throw stoppedError();
        if (!address.startsWith('memory:')) {
          throw new InvalidArgumentError(`An address starts with memory:, got ${address}`);
        }
        await sleep(environment, delay, options);
        const other = nodes.find((candidate) => addressOf(candidate) === address);
        if (other === undefined || other.stopped) throw goneError();
        if (!node.neighbours.has(other.hex)) {
          node.neighbours.set(other.hex, other);
          other.neighbours.set(node.hex, node);
          emit(node, { type: 'connected', peer: other.key });
          emit(other, { type: 'connected', peer: node.key });
        }
        return other.key;
      },
      request: (peer, protocol, body, options) => exchange(environment, node, peer, protocol, body, options),
      handle(protocol, handler, options = {}) {
        if (node.served.has(protocol)) throw new InvalidArgumentError(`${protocol} has a handler already`);
        const served: Served = {
          handler,
          maxRequestBytes: options.maxRequestBytes ?? 4 * 1024 * 1024,
          maxConcurrentPerPeer: options.maxConcurrentPerPeer ?? 32,
          open: new Map(),
        };
        node.served.set(protocol, served);
        return () => {
          if (node.served.get(protocol) === served) node.served.delete(protocol);
        };
      },
      async publish(topic, body) {
        if (node.stopped) throw stoppedError();
        const id = messages++;
        seen.add(id);
        await spread(topic, id, body.slice());
      },
      subscribe(topic, handler) {
        if (node.topics.has(topic)) throw new InvalidArgumentError(`${topic} has a handler already`);
        node.topics.set(topic, handler);
        return () => {
          if (node.topics.get(topic) === handler) node.topics.delete(topic);
        };
      },
      onPeer(listener) {
        node.listeners.add(listener);
        return () => node.listeners.delete(listener);
      },
    };
  };
  return { network };
}

/** Frames of a handler's answer, whichever of the two shapes it has. */
async function* answer(handler: RequestHandler, request: IncomingRequest): AsyncGenerator<Uint8Array> {
  const result = handler(request);
  if (Symbol.asyncIterator in result) yield* result;
  else yield await result;
}

function remoteError(error: unknown): EdmpError {
  const code = isEdmpError(error) ? error.code : 'ERR_INTERNAL';
  const text = isEdmpError(error) ? error.message : 'the handler failed';
  return new EdmpError('ERR_NETWORK_REMOTE', `The peer answered ${code}: ${text}`, { details: { code } });
}

async function* exchange(
  environment: Environment,
  node: Node,
  peer: PublicKey,
  protocol: string,
  body: Uint8Array,
  options: RequestOptions = {},
): AsyncGenerator<Uint8Array> {
  throwIfAborted(options.signal);
  if (node.stopped) throw stoppedError();
  const other = node.neighbours.get(publicKeyToHex(peer));
  if (other === undefined) throw goneError();
  const served = other.served.get(protocol);
  if (served === undefined)
    throw new EdmpError('ERR_NETWORK_PROTOCOL', `The peer does not speak ${protocol}`);
  if (body.length > served.maxRequestBytes)
    throw new EdmpError('ERR_NETWORK_LIMIT', 'The request is too large');
  const open = served.open.get(node.hex) ?? 0;
  if (open >= served.maxConcurrentPerPeer) {
    throw new EdmpError('ERR_NETWORK_BUSY', 'Too many open requests', { retryable: true });
  }
  served.open.set(node.hex, open + 1);

  const controller = new AbortController();
  let fail: (error: EdmpError) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  const mine = { peer: other.hex, end: (error: EdmpError) => fail(error) };
  const theirs = { peer: node.hex, end: (error: EdmpError) => controller.abort(error) };
  node.streams.add(mine);
  other.streams.add(theirs);
  const onAbort = (): void => fail(new AbortedError(undefined, { cause: options.signal?.reason }));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const request: IncomingRequest = { from: node.key, body: body.slice(), signal: controller.signal };
  const frames = answer(served.handler, request);
  let total = 0;
  try {
    for (;;) {
      const timeoutMs = options.timeoutMs ?? 10_000;
      const cancel = environment.schedule(timeoutMs, () =>
        fail(new TimeoutError(`No frame within ${timeoutMs} ms`)),
      );
      const next = frames.next().catch((error) => {
        throw remoteError(error);
      });
      next.catch(() => undefined);
      const result = await Promise.race([next, failed]).finally(cancel);
      if (result.done === true) return;
      total += result.value.length;
      if (result.value.length > (options.maxFrameBytes ?? 4 * 1024 * 1024)) {
        throw new EdmpError('ERR_NETWORK_LIMIT', 'A frame is too large');
      }
      if (total > (options.maxResponseBytes ?? 256 * 1024 * 1024)) {
        throw new EdmpError('ERR_NETWORK_LIMIT', 'The answer is too large');
      }
      yield result.value;
    }
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    node.streams.delete(mine);
    other.streams.delete(theirs);
    served.open.set(node.hex, (served.open.get(node.hex) ?? 1) - 1);
    controller.abort(goneError());
    void frames.return(undefined).catch(() => undefined);
  }
}
