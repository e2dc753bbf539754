import type { LiveView, NodeClient, NodeEvent } from '@edmp/node/client';

/** What is heard of the node, wherever it came in. */
export interface StreamListener {
  readonly onReady: (now: number) => void;
  readonly onTime: (now: number) => void;
  readonly onLive: (live: LiveView) => void;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onLost: () => void;
  /** Another tab changed something: load again. */
  readonly onRefresh: () => void;
}

/** A stream that the tabs of one browser share. */
export interface SharedStream {
  /** Tells the other tabs to load again. */
  refresh(): void;
  stop(): void;
}

/** What one tab tells the others; each message of the leader has the next number. */
type Told =
  | { readonly kind: 'ready' | 'time'; readonly n: number; readonly now: number }
  | { readonly kind: 'live'; readonly n: number; readonly live: LiveView }
  | { readonly kind: 'event'; readonly n: number; readonly event: NodeEvent }
  | { readonly kind: 'lost'; readonly n: number }
  | { readonly kind: 'hello' | 'refresh' };

type Numbered = Exclude<Told, { readonly kind: 'hello' | 'refresh' }>;
type Unnumbered<M> = M extends Numbered ? Omit<M, 'n'> : never;

const NAME = 'edmp-events';

/** What of the browser the tabs find each other by. */
export interface Tabs {
  readonly locks: Pick<LockManager, 'request'> | undefined;
  readonly channel: () => Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;
}

const browserTabs: Tabs = {
  // Only there where the page is served from this computer or by https.
  locks: (globalThis.navigator as { readonly locks?: LockManager }).locks,
  channel: () => new BroadcastChannel(NAME),
};

/**
 * Follows the node's events with one connection for all tabs of the browser, which has only six to a server: the tab
 * that holds the lock listens and tells the others; when it closes, the next one takes over. A tab that finds a number
 * missing asks for the state and loads again. `now` gives the node's clock for a tab that comes later.
 */
export function followShared(
  client: Pick<NodeClient, 'follow'>,
  listener: StreamListener,
  now: () => number | undefined,
  tabs: Tabs = browserTabs,
): SharedStream {
  const channel = tabs.channel();
  const ended = new AbortController();
  let leads = false;
  let isLive = false;
  let sent = 0;
  let heard: number | undefined;

  const hear = (told: Numbered): void => {
    if (told.kind === 'ready') listener.onReady(told.now);
    else if (told.kind === 'time') listener.onTime(told.now);
    else if (told.kind === 'live') listener.onLive(told.live);
    else if (told.kind === 'event') listener.onEvent(told.event);
    else listener.onLost();
  };
  const tell = (message: Unnumbered<Numbered>): void => {
    const told = { ...message, n: ++sent } as Numbered;
    hear(told);
    channel.postMessage(told satisfies Told);
  };
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data.kind === 'refresh') {
      listener.onRefresh();
      return;
    }
    if (data.kind === 'hello') {
      const clock = now();
      if (leads && isLive && clock !== undefined)
        channel.postMessage({ kind: 'ready', n: ++sent, now: clock } satisfies Told);
      return;
    }
    if (leads || !('n' in data)) return;
    const isMissing = heard !== undefined && data.kind !== 'ready' && data.n !== heard + 1;
    heard = data.n;
    hear(data);
    if (isMissing) channel.postMessage({ kind: 'hello' } satisfies Told);
  };

  const lead = (): (() => void) => {
    leads = true;
    return client.follow({
      onReady: (clock) => {
        isLive = true;
        tell({ kind: 'ready', now: clock });
      },
      onTime: (clock) => tell({ kind: 'time', now: clock }),
      onLive: (live) => tell({ kind: 'live', live }),
      onEvent: (event) => tell({ kind: 'event', event }),
      onLost: () => {
        isLive = false;
        tell({ kind: 'lost' });
      },
    });
  };

  let stopLeading: (() => void) | undefined;
  if (tabs.locks === undefined) stopLeading = lead();
  else {
    tabs.locks
      .request(NAME, { signal: ended.signal }, async () => {
        if (ended.signal.aborted) return;
        stopLeading = lead();
        await new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
      })
      // The page was closed while it waited for its turn.
      .catch(() => undefined);
    channel.postMessage({ kind: 'hello' } satisfies Told);
  }
  return {
    refresh: () => channel.postMessage({ kind: 'refresh' } satisfies Told),
    stop() {
      stopLeading?.();
      ended.abort();
      channel.close();
    },
  };
}
