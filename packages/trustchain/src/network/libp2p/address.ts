import { InvalidArgumentError } from '@edmp/interface';
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr';

/** The multiaddr of `address`. Throws `ERR_INVALID_ARGUMENT`. */
export function parseAddress(address: string): Multiaddr {
  let cause: unknown;
  try {
    const parsed = multiaddr(address);
    if (parsed.getComponents().length > 0) return parsed;
  } catch (error) {
    cause = error;
  }
  const got = JSON.stringify(String(address).slice(0, 200));
  throw new InvalidArgumentError(`An address is a multiaddr such as /ip4/127.0.0.1/tcp/4001, got ${got}`, {
    cause,
  });
}

/** The peer id that ends an address; undefined when it ends in none. Throws `ERR_INVALID_ARGUMENT`. */
export function idIn(address: string): string | undefined {
  const last = parseAddress(address).getComponents().at(-1);
  return last?.code === CODE_P2P ? last.value : undefined;
}

/** The peer id that ends the address of a relay. Throws `ERR_INVALID_ARGUMENT` when there is none. */
export function relayIdIn(address: string): string {
  const id = idIn(address);
  if (id !== undefined) return id;
  throw new InvalidArgumentError(`The address of a relay ends in its peer id (/p2p/…), got ${address}`);
}
