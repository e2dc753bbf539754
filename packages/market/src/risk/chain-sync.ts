import type { Environment, PublicKey, Trustchain } from '@edmp/interface';
import { isEdmpError, withDeadline } from '@edmp/interface';
import { hex } from '../codec/fields.ts';

/** Syncs counterparties' chains from themselves, each at most once at a time. */
export interface ChainSync {
  /**
   * Resolves when a sync that began after this call has ended, well or not: whether what is known then is enough is
   * the risk policy's question. `links` also fetches the blocks of others that answer the peer's, i.e. its income.
   */
  sync(peer: PublicKey, options?: { readonly links?: boolean }): Promise<void>;
}

interface Running {
  readonly current: Promise<void>;
  next: Promise<void> | undefined;
}

/** Syncs with a deadline each. */
export function chainSync(options: {
  readonly trustchain: Trustchain;
  readonly environment: Environment;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): ChainSync {
  const { trustchain, environment, timeoutMs, signal } = options;
  const running = new Map<string, Running>();

  const nameOf = (peer: PublicKey, links: boolean): string => `${links ? 'links ' : ''}${hex(peer)}`;
  const begin = (peer: PublicKey, links: boolean): Promise<void> => {
    const name = nameOf(peer, links);
    const current = once(peer, links).finally(() => {
      if (running.get(name)?.current === current && running.get(name)?.next === undefined)
        running.delete(name);
    });
    running.set(name, { current, next: undefined });
    return current;
  };
  const once = async (peer: PublicKey, links: boolean): Promise<void> => {
    try {
      await withDeadline(
        environment,
        timeoutMs,
        'syncing a counterparty’s chain',
        (inner) => trustchain.sync(peer, peer, { links, signal: inner }),
        { signal },
      );
    } catch (error) {
      if (!isEdmpError(error)) throw error;
    }
  };

  return {
    sync(peer, syncOptions = {}) {
      const links = syncOptions.links === true;
      const now = running.get(nameOf(peer, links));
      if (now === undefined) return begin(peer, links);
      // The one under way may have passed what this caller needs; all callers in the meantime share the next one.
      now.next ??= now.current.then(() => begin(peer, links));
      return now.next;
    },
  };
}
