import { type AbortOptions, type Environment, throwIfAborted } from '@edmp/interface';
import { NodeError } from '../../compose/errors.ts';
import { DISCOVERY_SECONDS, type DiscoveryView, type FoundMeter } from '../../meter-service.ts';
import { askNetwork } from './ask-network.ts';
import { foundMeters } from './found-meters.ts';
import { ownAddresses } from './own-networks.ts';

/** What a {@link NetworkLook} needs. */
export interface NetworkLookOptions {
  readonly environment: Environment;
  /** Addresses of this computer in the networks to ask; default all that it is in. */
  readonly own?: readonly string[] | undefined;
  /** Name of the meter that an address is mounted as. */
  readonly mountedAs: (found: Pick<FoundMeter, 'kind' | 'address'>) => string | null;
}

/** A home has a few meters; a longer list is somebody's joke. */
const MAX_FOUND = 32;

/** Looks for meters on the local network, when it is asked to and never by itself; one look at a time. */
export class NetworkLook implements AsyncDisposable {
  readonly #options: NetworkLookOptions;
  readonly #stop = new AbortController();
  #running: Promise<DiscoveryView> | undefined;

  constructor(options: NetworkLookOptions) {
    this.#options = options;
  }

  /**
   * Looks once, for `seconds`. Throws `ERR_NODE_CONFLICT` while another look goes on, `ERR_NODE_CONFIG`,
   * `ERR_METER_UNREACHABLE`, `ERR_ABORTED`.
   */
  async look({
    seconds = DISCOVERY_SECONDS.usual,
    signal,
  }: AbortOptions & { readonly seconds?: number } = {}): Promise<DiscoveryView> {
    throwIfAborted(signal);
    if (!(seconds >= 1 && seconds <= DISCOVERY_SECONDS.longest))
      throw new NodeError('ERR_NODE_CONFIG', `A look takes 1 to ${DISCOVERY_SECONDS.longest} seconds`);
    if (this.#running !== undefined)
      throw new NodeError('ERR_NODE_CONFLICT', 'The node looks on the network already; wait a few seconds');
    const stop = this.#stop.signal;
    this.#running = this.#look(
      seconds * 1_000,
      signal === undefined ? stop : AbortSignal.any([stop, signal]),
    ).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends a look that goes on. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running?.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #look(forMs: number, signal: AbortSignal): Promise<DiscoveryView> {
    const { environment, own = ownAddresses(), mountedAs } = this.#options;
    const { offered, leftOut } = await askNetwork({ environment, own, forMs, signal });
    const all = foundMeters(offered, mountedAs);
    const found = all.slice(0, MAX_FOUND);
    return { found, leftOut: leftOut + all.length - found.length, asked: own };
  }
}
