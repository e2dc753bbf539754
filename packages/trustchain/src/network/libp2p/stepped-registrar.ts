import type { Connection, Stream } from '@libp2p/interface';

/** Takes the streams of a protocol that a peer opens. */
export type StreamHandler = (stream: Stream, connection: Connection) => unknown;

/** The part of libp2p's registrar that is stepped between. */
interface Registrar {
  handle(protocol: string, handler: StreamHandler, options?: object): Promise<void>;
}

/**
 * libp2p's insides as a transport or service is given them, but with each handler that it registers replaced by what
 * `step` makes of it.
 */
export function withSteppedHandlers<C extends object>(
  components: C,
  step: (protocol: string, handler: StreamHandler) => StreamHandler,
): C {
  const stepped = (registrar: Registrar): Registrar =>
    new Proxy(registrar, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== 'handle') return typeof value === 'function' ? value.bind(target) : value;
        return (protocol: string, handler: StreamHandler, options?: object) =>
          target.handle(protocol, step(protocol, handler), options);
      },
    });
  // Read late: libp2p fills its components in one after the other.
  const registrar = {
    get: () => stepped((components as C & { readonly registrar: Registrar }).registrar),
  };
  return Object.create(components, { registrar }) as C;
}
