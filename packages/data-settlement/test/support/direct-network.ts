import {
  EdmpError,
  type IncomingRequest,
  isEdmpError,
  type Network,
  type PublicKey,
  publicKey,
  publicKeyToHex,
  type RequestHandler,
} from '@edmp/interface';

/** What a test may do to the frames of a response on their way. */
export type Tamper = (frame: Uint8Array, index: number) => Uint8Array | undefined;

export interface DirectNetwork extends Network {
  /** Alters or drops the frames that this node's requests are answered with. */
  tamper: Tamper | undefined;
  /** Number of requests that this node made. */
  requests: number;
}

/** Networks that call each other's handlers directly: no delay, no loss, no topics. */
export function directNetworks(count: number): readonly DirectNetwork[] {
  const handlers = new Map<string, RequestHandler>();
  const at = (peer: PublicKey, protocol: string): string => `${publicKeyToHex(peer)} ${protocol}`;
  return Array.from({ length: count }, (_, node) => {
    const self = publicKey(new Uint8Array(32).fill(node + 1));
    const unsupported = (): never => {
      throw new EdmpError('ERR_NETWORK_PROTOCOL', 'Direct networks carry requests only');
    };
    const network: DirectNetwork = {
      self,
      tamper: undefined,
      requests: 0,
      addresses: () => [],
      peers: () => [],
      start: async () => undefined,
      [Symbol.asyncDispose]() {
        return this.stop();
      },
      stop: async () => undefined,
      connect: async () => unsupported(),
      async *request(peer, protocol, body, options = {}) {
        network.requests += 1;
        const handler = handlers.get(at(peer, protocol));
        if (handler === undefined) throw new EdmpError('ERR_NETWORK_UNREACHABLE', 'No such peer or protocol');
        const incoming: IncomingRequest = {
          from: self,
          body: body.slice(),
          signal: options.signal ?? new AbortController().signal,
        };
        let index = 0;
        try {
          const answer = handler(incoming);
          const frames = answer instanceof Promise ? [await answer] : answer;
          for await (const frame of frames) {
            const sent =
              network.tamper === undefined ? frame.slice() : network.tamper(frame.slice(), index++);
            if (sent !== undefined) yield sent;
          }
        } catch (cause) {
          if (!isEdmpError(cause)) throw cause;
          throw new EdmpError('ERR_NETWORK_REMOTE', cause.message, { details: { code: cause.code } });
        }
      },
      handle(protocol, handler) {
        const key = at(self, protocol);
        if (handlers.has(key)) throw new EdmpError('ERR_INVALID_ARGUMENT', 'One handler per protocol');
        handlers.set(key, handler);
        return () => handlers.delete(key);
      },
      publish: async () => unsupported(),
      subscribe: () => unsupported(),
      onPeer: () => () => undefined,
    };
    return network;
  });
}
