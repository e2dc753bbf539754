/** The part of Node's `BroadcastChannel` that lets a process end while a channel is open. */
interface Restable {
  ref?: () => unknown;
  unref?: () => unknown;
}

type BroadcastChannels = { readonly BroadcastChannel?: { readonly prototype: object } };

/** What is used of a runtime's globals. */
export interface LockRuntime extends BroadcastChannels {
  readonly process?: { getBuiltinModule?(name: string): object | undefined };
}

/**
 * Lets a process end after its last network has stopped. libp2p's locks (`mortice`, in its peer store) open one
 * `BroadcastChannel` for the life of the process and call its `unref`. Node's global class has that method; Deno's has
 * it only in `node:worker_threads`, on a subclass, and so the channel kept every process open. The global class gets the
 * subclass's two methods, which work on it as well; a runtime that needs nothing, or has nothing to give, is left alone.
 */
export function letLocksRest(runtime: LockRuntime = globalThis as unknown as LockRuntime): void {
  const global: (object & Restable) | undefined = runtime.BroadcastChannel?.prototype;
  if (global === undefined || global.unref !== undefined) return;
  const threads = runtime.process?.getBuiltinModule?.('node:worker_threads') as BroadcastChannels | undefined;
  const own: (object & Restable) | undefined = threads?.BroadcastChannel?.prototype;
  // Its methods are of no use to instances of another class.
  if (own === undefined || !Object.prototype.isPrototypeOf.call(global, own)) return;
  for (const name of ['ref', 'unref'] as const) {
    const value = own[name];
    if (value !== undefined)
      Object.defineProperty(global, name, { value, configurable: true, writable: true });
  }
}
