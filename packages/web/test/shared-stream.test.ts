import type { FollowOptions } from '@edmp/node/client';
import { describe, expect, it } from 'vitest';
import { createResources } from '../src/state/resources.ts';
import { followShared, type StreamListener, type Tabs } from '../src/state/shared-stream.ts';

type Channel = ReturnType<Tabs['channel']>;

/** Tabs of one browser: a lock that is held in turn, and a channel that reaches all others at once. */
function browser(): { readonly tabs: Tabs; lose: boolean } {
  const channels = new Set<Channel>();
  let turn: Promise<unknown> = Promise.resolve();
  const state = {
    lose: false,
    tabs: {
      locks: {
        request: ((_: string, options: LockOptions, act: () => Promise<unknown>) => {
          const next = turn.then(() => (options.signal?.aborted === true ? undefined : act()));
          turn = next;
          return next;
        }) as LockManager['request'],
      },
      channel: () => {
        const own: Channel = {
          onmessage: null,
          postMessage(data: unknown) {
            if (state.lose) return;
            for (const other of channels)
              if (other !== own) other.onmessage?.call(other as BroadcastChannel, { data } as MessageEvent);
          },
          close: () => channels.delete(own),
        };
        channels.add(own);
        return own;
      },
    },
  };
  return state;
}

function tabOf(tabs: Tabs, name: string, heard: string[]) {
  const follows: FollowOptions[] = [];
  let isStopped = false;
  const listener: StreamListener = {
    onReady: (now) => heard.push(`${name} ready ${now}`),
    onTime: () => undefined,
    onLive: (live) => heard.push(`${name} live ${live.importW}`),
    onEvent: (event) => heard.push(`${name} ${event.id}`),
    onLost: () => heard.push(`${name} lost`),
    onRefresh: () => heard.push(`${name} refresh`),
  };
  const client = {
    follow(options: FollowOptions) {
      follows.push(options);
      return () => {
        isStopped = true;
      };
    },
  };
  const stream = followShared(client, listener, () => 7, tabs);
  return { stream, follows, isStopped: () => isStopped };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};
const event = (id: string) => ({ type: 'trade', at: 1, id, text: '' }) as const;

describe('the stream of events that tabs share', () => {
  it('has one connection for eight tabs, and the next tab takes over', async () => {
    const heard: string[] = [];
    const { tabs } = browser();
    const all = Array.from({ length: 8 }, (_, i) => tabOf(tabs, `tab${i}`, heard));
    await settle();
    expect(all.map(({ follows }) => follows.length)).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    all[0]?.follows[0]?.onReady?.(5, false);
    all[0]?.follows[0]?.onEvent?.(event('t1'));
    expect(heard).toHaveLength(16);
    expect(heard).toContain('tab7 t1');
    all[0]?.stream.stop();
    await settle();
    expect(all[0]?.isStopped()).toBe(true);
    expect(all.map(({ follows }) => follows.length)).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    all[1]?.follows[0]?.onEvent?.(event('t2'));
    expect(heard.filter((each) => each.endsWith(' t2'))).toHaveLength(7);
  });

  it('tells a tab that comes later how things stand, and one that missed something to load again', async () => {
    const heard: string[] = [];
    const state = browser();
    const first = tabOf(state.tabs, 'first', heard);
    await settle();
    first.follows[0]?.onReady?.(5, false);
    tabOf(state.tabs, 'second', heard);
    expect(heard).toEqual(['first ready 5', 'second ready 7']);
    state.lose = true;
    first.follows[0]?.onEvent?.(event('missed'));
    state.lose = false;
    first.follows[0]?.onEvent?.(event('seen'));
    expect(heard.slice(2)).toEqual(['first missed', 'first seen', 'second seen', 'second ready 7']);
    first.stream.refresh();
    expect(heard.at(-1)).toBe('second refresh');
  });
});

describe('resources', () => {
  it('are asked for once as long as nothing changed, and again after a failure', async () => {
    const resources = createResources();
    let asked = 0;
    const load = async (): Promise<number> => {
      asked++;
      if (asked === 2) throw new Error('gone');
      return asked;
    };
    expect(await Promise.all([resources.ask('a', '1', load), resources.ask('a', '1', load)])).toEqual([1, 1]);
    await expect(resources.ask('a', '2', load)).rejects.toThrow('gone');
    await settle();
    expect(resources.last('a')).toEqual({ value: 1 });
    expect(await resources.ask('a', '2', load)).toBe(3);
    for (let i = 0; i < 300; i++) await resources.ask(`key ${i}`, '1', async () => i);
    expect(resources.last('a')).toBeUndefined();
  });
});
