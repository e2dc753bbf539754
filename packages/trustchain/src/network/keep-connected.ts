import {
  type CancelTimer,
  type Environment,
  equalBytes,
  isEdmpError,
  type Network,
  type PublicKey,
} from '@edmp/interface';

/** Options of {@link keepConnected}. */
export interface KeepConnectedOptions {
  readonly environment: Environment;
  readonly network: Pick<Network, 'connect' | 'onPeer' | 'peers'>;
  /** Addresses to dial now and again whenever the peer found there is gone. */
  readonly addresses: readonly string[];
  /**
   * Wait after the first failure, ms; doubles with each further one. A connection that does not last is a failure too:
   * a peer that accepts and hangs up must not be dialled for ever at the pace of the first wait. Default 1000.
   */
  readonly minBackoffMs?: number;
  /** Longest wait, ms. Default 60 000. */
  readonly maxBackoffMs?: number;
  /** A connection that lasted this long was a success: the waits begin anew, ms. Default 10 000. */
  readonly lastingMs?: number;
}

interface Target {
  readonly address: string;
  failures: number;
  dialling: boolean;
  peer?: PublicKey;
  /** When the connection began, ms since the epoch. */
  since?: number | undefined;
  cancel?: CancelTimer | undefined;
}

/** Keeps a node connected to known addresses until the returned function is called. */
export function keepConnected(options: KeepConnectedOptions): () => void {
  const { environment, network, minBackoffMs = 1000, maxBackoffMs = 60_000, lastingMs = 10_000 } = options;
  const controller = new AbortController();
  const targets = [...new Set(options.addresses)].map(
    (address): Target => ({ address, failures: 0, dialling: false }),
  );

  const retry = (target: Target): void => {
    if (target.cancel !== undefined || controller.signal.aborted) return;
    const ceiling = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(target.failures, 20));
    target.failures++;
    // Half of the wait is random, so that peers of a node that restarts do not all dial it at once.
    const [high = 0, low = 0] = environment.randomBytes(2);
    const wait = ceiling / 2 + (ceiling / 2) * ((high * 256 + low) / 65_536);
    target.cancel = environment.schedule(Math.ceil(wait), () => {
      target.cancel = undefined;
      void dial(target);
    });
  };

  const isConnected = (peer: PublicKey): boolean => network.peers().some((other) => equalBytes(other, peer));

  const dial = async (target: Target): Promise<void> => {
    if (controller.signal.aborted || target.dialling) return;
    target.dialling = true;
    try {
      target.peer = await network.connect(target.address, { signal: controller.signal });
    } catch (error) {
      target.dialling = false;
      // An address that can never be dialled (no address at all, or this node's own) is not tried again.
      if (!isEdmpError(error, 'ERR_INVALID_ARGUMENT')) retry(target);
      return;
    }
    target.dialling = false;
    if (isConnected(target.peer)) target.since ??= environment.now();
    else retry(target);
  };

  const forget = network.onPeer(({ type, peer }) => {
    for (const target of targets) {
      if (target.peer === undefined || !equalBytes(target.peer, peer)) continue;
      if (type === 'disconnected') {
        if (target.since !== undefined && environment.now() - target.since >= lastingMs) target.failures = 0;
        target.since = undefined;
        if (!target.dialling) retry(target);
      } else {
        target.since ??= environment.now();
        target.cancel?.();
        target.cancel = undefined;
      }
    }
  });
  for (const target of targets) void dial(target);

  return () => {
    forget();
    controller.abort();
    for (const target of targets) target.cancel?.();
  };
}
