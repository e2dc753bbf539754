import type { NodeClient, NodeEvent } from '@edmp/node/client';
import { createContext } from 'preact';
import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { newsOf } from '../text/ladder.ts';
import { createLiveStore, type LiveStore } from './live-store.ts';
import { createNodeClock } from './node-clock.ts';

/** What every page knows about the node. */
export interface NodeState {
  readonly client: NodeClient;
  /** Grows whenever something happened; resources load again. */
  readonly version: number;
  /** Whether events arrive. */
  readonly connected: boolean;
  /** The node's clock, ms since the epoch; undefined before the node has told it. Pages render again as it moves on. */
  now(): number | undefined;
  /** The power of the mounted meters as they tell it. */
  readonly live: LiveStore;
  /** Loads everything again. */
  refresh(): void;
  /** Tells the reader something, aloud for screen readers. */
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
const MESSAGE_MS = 6_000;

/** Follows the node's events: state for {@link NodeContext} and the newest messages. */
export function useNodeState(bare: NodeClient): { readonly node: NodeState; readonly message: string } {
  const [version, setVersion] = useState(0);
  const [connected, setConnected] = useState(true);
  const [message, setMessage] = useState('');
  const live = useMemo(createLiveStore, []);
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
    const later = (): void => {
      // Several events often come together; one reload is enough.
      timer ??= setTimeout(() => {
        timer = undefined;
        setVersion((value) => value + 1);
      }, SETTLE_MS);
    };
    const stop = client.follow({
      onReady: (now) => {
        hear(now);
        setConnected(true);
        later();
      },
      onTime: hear,
      onLive: live.put,
      onEvent: (event: NodeEvent) => {
        if (event.type === 'fraud') setMessage(event.text);
        if (event.type === 'trade') {
          client.trade(event.id).then(
            (trade) => setMessage(newsOf(trade)),
            () => setMessage(event.text),
          );
        }
        later();
      },
      onLost: () => {
        live.clear();
        setConnected(false);
      },
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [client, hear, live]);
  useEffect(() => {
    if (message === '') return;
    const timer = setTimeout(() => setMessage(''), MESSAGE_MS);
    return () => clearTimeout(timer);
  }, [message]);
  const node: NodeState = {
    client,
    version,
    connected,
    live,
    now: () => clock.now(),
    refresh: () => setVersion((value) => value + 1),
    say: setMessage,
  };
  return { node, message };
}

/** Something loaded: the last good value stays while it loads again or fails. */
export interface Resource<T> {
  readonly value: T | undefined;
  readonly error: unknown;
}

/** Loads when `key` changes and again whenever something happened at the node; undefined key: nothing to load. */
export function useResource<T>(
  key: string | undefined,
  load: (client: NodeClient) => Promise<T>,
): Resource<T> {
  const { client, version } = useNode();
  const [state, setState] = useState<Resource<T> & { readonly key: string | undefined }>({
    key: undefined,
    value: undefined,
    error: undefined,
  });
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === undefined) return;
    let current = true;
    latest.current(client).then(
      (value) => current && setState({ key, value, error: undefined }),
      (error: unknown) =>
        current && setState((old) => ({ key, value: old.key === key ? old.value : undefined, error })),
    );
    return () => {
      current = false;
    };
  }, [client, version, key]);
  return state.key === key ? state : { value: undefined, error: undefined };
}
