import { describe, expect, it } from 'vitest';
import { letLocksRest } from '../../src/network/libp2p/resting-locks.ts';

/** A runtime like Deno: the global class lacks what its subclass in `node:worker_threads` has. */
function deno() {
  class Global {
    referenced = true;
  }
  class Threads extends Global {
    ref(): void {
      this.referenced = true;
    }
    unref(): void {
      this.referenced = false;
    }
  }
  const asked: string[] = [];
  const getBuiltinModule = (name: string): object => {
    asked.push(name);
    return { BroadcastChannel: Threads };
  };
  return { Global, asked, runtime: { BroadcastChannel: Global, process: { getBuiltinModule } } };
}

describe('letLocksRest', () => {
  it('gives the global class the methods of its subclass, once', () => {
    const { Global, asked, runtime } = deno();
    letLocksRest(runtime);
    letLocksRest(runtime);
    const channel = new Global() as InstanceType<typeof Global> & { unref(): void };
    channel.unref();
    expect(channel.referenced).toBe(false);
    expect(Object.keys(Global.prototype)).toEqual([]);
    expect(asked).toEqual(['node:worker_threads']);
  });

  it('leaves a class alone that has them', () => {
    class Node {
      unref(): void {}
    }
    const { unref } = Node.prototype;
    const { asked, runtime } = deno();
    letLocksRest({ ...runtime, BroadcastChannel: Node });
    expect(Node.prototype.unref).toBe(unref);
    expect(asked).toEqual([]);
  });

  it('takes nothing from a class that is no subclass, and minds no missing part', () => {
    class Other {}
    const { runtime } = deno();
    letLocksRest({ ...runtime, BroadcastChannel: Other });
    letLocksRest({ BroadcastChannel: Other });
    letLocksRest({ BroadcastChannel: Other, process: {} });
    letLocksRest({});
    expect('unref' in Other.prototype).toBe(false);
  });
});
