import type { PublicKey } from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';

/** Runs tasks of one peer after another, those of different peers side by side. */
export interface OneAtATime {
  /** Result of the task when its turn has come; undefined when too many of the peer wait already. */
  run<T>(peer: PublicKey, task: () => Promise<T>): Promise<T> | undefined;
}

/** A {@link OneAtATime} in which at most `most` tasks of one peer wait or run. */
export function oneAtATime(most: number): OneAtATime {
  const lines = new Map<string, { last: Promise<unknown>; length: number }>();
  return {
    run(peer, task) {
      const key = bytesKey(peer);
      const line = lines.get(key) ?? { last: Promise.resolve(), length: 0 };
      if (line.length >= most) return undefined;
      line.length += 1;
      lines.set(key, line);
      const leave = (): void => {
        line.length -= 1;
        if (line.length === 0) lines.delete(key);
      };
      const result = line.last.then(task);
      line.last = result.then(leave, leave);
      return result;
    },
  };
}
