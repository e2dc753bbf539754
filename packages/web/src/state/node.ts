import type { NodeClient, NodeEvent } from '@edmp/node/client';
import { createContext } from 'preact';
import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { newsOf } from '../text/ladder.ts';
import { createLiveStore, type LiveStore } from './live-store.ts';
import { createNodeClock } from './node-clock.ts';
import { createResources, type Resources } from './resources.ts';
import { followShared, type SharedStream } from './shared-stream.ts';

/** Kinds of events that what is shown may depend on. */
export type Topic = NodeEvent['type'];

/** What every page knows about the node. */
export interface NodeState {
  readonly client: NodeClient;
  /** Grows whenever something of a kind happened, and all of them when everything is to be loaded again. */
  readonly versions: Readonly<Partial<Record<Topic, number>>> & { readonly all: number };
  /** Whether events arrive. */
  readonly connected: boolean;
  /** The node's clock, ms since the epoch; undefined before the node has told it. Pages render again as it moves on. */
  now(): number | undefined;
  /** The power of the mounted meters as they tell it. */
  readonly live: LiveStore;
  readonly resources: Resources;
  /** Whether the events are followed, or are not to be had: what is loaded before could miss some. */
  readonly isStarted: boolean;
  /** Loads everything again, in every tab. */
  refresh(): void;
  /** Tells the reader news, aloud for screen readers. Never a failure: those stand where they happened. */
  say(text: string): void;
}

/** The node of the page. */
export const NodeContext = createContext<NodeState | undefined>(undefined);

/** The node of the page. */
export function useNode(): NodeState {
  const node = useContext(NodeContext);
  if (node === undefined) throw new Error('NodeContext is not provided');
  return node;
}

const SETTLE_MS = 120;
/** How long the first loads wait for the events to be followed, so that nothing is loaded twice, ms. */
const START_MS = 500;

/** Follows the node's events: state for {@link NodeContext} and the newest message. */
export function useNodeState(bare: NodeClient): {
  readonly node: NodeState;
  readonly message: string;
  readonly clearMessage: () => void;
} {
  const [versions, setVersions] = useState<NodeState['versions']>({ all: 0 });
  const [connected, setConnected] = useState(true);
  const [message, setMessage] = useState('');
  const [isStarted, setStarted] = useState(false);
  const live = useMemo(createLiveStore, []);
  const resources = useMemo(createResources, []);
  const stream = useRef<SharedStream | undefined>(undefined);
  const [, setHeard] = useState<number | undefined>(undefined);
  const [clock, client, hear] = useMemo(() => {
    const known = createNodeClock();
    const listen = (now: number): void => {
      known.heard(now);
      // What has ended since the last word is drawn anew.
      setHeard(now);
    };
    const info: NodeClient['info'] = async () => {
      const told = await bare.info();
      listen(told.now);
      return told;
    };
    return [known, { ...bare, info }, listen] as const;
  }, [bare]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let started = false;
    const start = (): void => {
      started = true;
      setStarted(true);
    };
    const late = setTimeout(start, START_MS);
    const changed = new Set<Topic | 'all'>();
    const later = (topic: Topic | 'all'): void => {
      changed.add(topic);
      // Several events often come together; one reload is enough.
      timer ??= setTimeout(() => {
        timer = undefined;
        const now = [...changed];
        changed.clear();
        setVersions((old) => ({
          ...old,
          ...Object.fromEntries(now.map((each) => [each, (old[each] ?? 0) + 1])),
        }));
      }, SETTLE_MS);
    };
    const shared = followShared(
      client,
      {
        onReady: (now) => {
          hear(now);
          setConnected(true);
          if (started) later('all');
          else start();
        },
        onTime: hear,
        onLive: live.put,
        onEvent: (event) => {
          if (event.type === 'fraud') setMessage(event.text);
          if (event.type === 'trade') {
            client.trade(event.id).then(
              (trade) => setMessage(newsOf(trade)),
              () => setMessage(event.text),
            );
          }
          later(event.type);
        },
        onLost: () => {
          live.clear();
          setConnected(false);
          start();
        },
        onRefresh: () => later('all'),
      },
      () => clock.now(),
    );
    stream.current = shared;
    return () => {
      clearTimeout(timer);
      clearTimeout(late);
      shared.stop();
    };
  }, [client, hear, live, clock]);
  const node: NodeState = {
    client,
    versions,
    connected,
    live,
    resources,
    isStarted,
    now: () => clock.now(),
    refresh: () => {
      setVersions((old) => ({ ...old, all: old.all + 1 }));
      stream.current?.refresh();
    },
    say: setMessage,
  };
  return { node, message, clearMessage: () => setMessage('') };
}

/** Something loaded: the last good value stays while it loads again or fails. */
export interface Resource<T> {
  readonly value: T | undefined;
  readonly error: unknown;
}

const EVERYTHING: readonly Topic[] = ['listing', 'order', 'trade', 'wallet', 'peer', 'fraud', 'meter'];

/**
 * Loads when `key` changes, and again whenever something of `topics` happened at the node; default: anything. Whoever
 * asks for the same key shares one request. Undefined key: nothing to load.
 */
export function useResource<T>(
  key: string | undefined,
  load: (client: NodeClient) => Promise<T>,
  topics: readonly Topic[] = EVERYTHING,
): Resource<T> {
  const { client, versions, resources, isStarted } = useNode();
  const [state, setState] = useState<Resource<T> & { readonly key: string | undefined }>({
    key: undefined,
    value: undefined,
    error: undefined,
  });
  const latest = useRef(load);
  latest.current = load;
  // Who asks for the same thing at other events asks for itself.
  const asked = `${key} ${topics.length}`;
  const stamp = `${versions.all} ${topics.map((topic) => versions[topic] ?? 0).join(' ')}`;
  useEffect(() => {
    if (key === undefined || !isStarted) return;
    let current = true;
    resources
      .ask(asked, stamp, () => latest.current(client))
      .then(
        (value) => current && setState({ key, value, error: undefined }),
        (error: unknown) =>
          current && setState((old) => ({ key, value: old.key === key ? old.value : undefined, error })),
      );
    return () => {
      current = false;
    };
  }, [client, resources, stamp, key, asked, isStarted]);
  if (state.key === key) return state;
  // Another screen has shown it before: it is there at once, and loaded again behind.
  const known = key === undefined ? undefined : resources.last(asked);
  return { value: known?.value as T | undefined, error: undefined };
}
