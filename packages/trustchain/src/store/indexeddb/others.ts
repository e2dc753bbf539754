/** The part of `BroadcastChannel` (HTML, web messaging) that is used here. */
interface Channel {
  onmessage: ((event: unknown) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
  /** Node.js: the channel does not keep the process alive. */
  unref?(): void;
}

/** Other openers of one database of this origin. */
export interface Others {
  /** Tells them that something was written here. */
  tell(): void;
  /** Calls `listener` when one of them has written. Returns what ends it. */
  listen(listener: () => void): () => void;
  close(): void;
}

/** {@link Others} of a database; where there is no `BroadcastChannel` nobody hears of anybody. */
export function others(name: string): Others {
  const { BroadcastChannel: Broadcast } = globalThis as {
    readonly BroadcastChannel?: new (name: string) => Channel;
  };
  const listeners = new Set<() => void>();
  const channel = Broadcast === undefined ? undefined : new Broadcast(`edmp-store:${name}`);
  if (channel !== undefined) {
    channel.unref?.();
    // What a page of the same origin sends is not looked at: it may say anything.
    channel.onmessage = () => {
      for (const listener of [...listeners]) listener();
    };
  }
  return {
    tell: () => channel?.postMessage(null),
    listen(listener) {
      const own = (): void => listener();
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    close() {
      listeners.clear();
      channel?.close();
    },
  };
}
