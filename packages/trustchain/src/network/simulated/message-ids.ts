import type { Environment } from '@edmp/interface';

/** Messages are remembered at least this long and less than twice this long, ms (gossipsub: 2 min). */
const REMEMBER_MS = 120_000;

/** A map that forgets: entries live from one to two periods after they were last written or read. */
interface ForgetfulMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
}

function forgetfulMap<K, V>(environment: Environment): ForgetfulMap<K, V> {
  let young = new Map<K, V>();
  let old = new Map<K, V>();
  let turned = environment.now();
  const turn = (): void => {
    const age = environment.now() - turned;
    if (age < REMEMBER_MS) return;
    old = age < 2 * REMEMBER_MS ? young : new Map();
    young = new Map();
    turned = environment.now();
  };
  return {
    get(key) {
      turn();
      return young.get(key) ?? old.get(key);
    },
    set(key, value) {
      turn();
      young.set(key, value);
    },
  };
}

const bytesAsText = new TextDecoder('latin1');

/** Gives equal messages (same topic, same bytes) the same small name, for a whole simulation. */
export interface MessageIds {
  /** `body` must not change afterwards. */
  idOf(topic: string, body: Uint8Array): number;
}

/** A {@link MessageIds} that knows no message yet. */
export function messageIds(environment: Environment): MessageIds {
  const ids = forgetfulMap<string, number>(environment);
  // A flood passes the same array from hop to hop: its name is looked up once, not at every hop.
  const ofArray = new WeakMap<Uint8Array, { readonly topic: string; readonly id: number }>();
  let next = 0;
  return {
    idOf(topic, body) {
      const known = ofArray.get(body);
      if (known?.topic === topic) return known.id;
      // One character for every byte, and a different one for each: two bodies never share a name.
      const key = `${topic} ${bytesAsText.decode(body)}`;
      const id = ids.get(key) ?? next++;
      ids.set(key, id);
      ofArray.set(body, { topic, id });
      return id;
    },
  };
}

/** Which messages one node has seen. */
export interface SeenMessages {
  /** Whether `id` is new; remembers it. */
  first(id: number): boolean;
}

/** A {@link SeenMessages} of a node that has seen nothing. */
export function seenMessages(environment: Environment): SeenMessages {
  const seen = forgetfulMap<number, true>(environment);
  return {
    first(id) {
      if (seen.get(id) === true) return false;
      seen.set(id, true);
      return true;
    },
  };
}
