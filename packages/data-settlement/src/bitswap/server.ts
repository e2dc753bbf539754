import {
  type ContentStore,
  type Environment,
  isEdmpError,
  type PublicKey,
  publicKeyToHex,
} from '@edmp/interface';
import { type Semaphore, semaphore } from '@edmp/interface/bounded';
import type { CID } from 'multiformats/cid';
import { isSupportedCid } from '../codec/cid.ts';
import {
  type BitswapMessage,
  type BlockPresence,
  type PayloadBlock,
  prefixOf,
  type WantEntry,
} from './message.ts';
import type { Outbox } from './outbox.ts';

/** Wants of one peer that wait for their answer; further ones are dropped, and a peer asks again. Go's bitswap keeps as many. */
export const MAX_WANTS_PER_PEER = 1024;
/**
 * Wants of all peers that wait together, about 500 bytes each. The nearer they come to it, the fewer a peer may add: half of
 * what is left, but always enough to go on with, so that long lists of many peers keep nobody out.
 */
export const MAX_WANTS = 65_536;
const LEAST_WANTS = 32;
/** Largest CID that a want may name, bytes: nothing that is served has a longer one, and long ones would be kept. */
const MAX_CID_BYTES = 128;
/** Block bytes after which a message goes out. One more block may be in it, which keeps it below the 4 MiB of the specification. */
const MESSAGE_BYTES = 512 * 1024;
/** Answers put together at the same time, for all peers. */
const MAX_WORKING = 16;
/** Wants looked at before others have their turn: some milliseconds, so that many peers with long lists cost one a second at most. */
const WANTS_A_TURN = 128;
/** Block bytes sent and not taken yet, to all peers: half of what is left is what one message may have, and at least a block. */
const MAX_UNREAD_BYTES = 64 << 20;
/** How long a peer may take for a message when others find no room, ms. */
const GRACE_MS = 5_000;

/** Options of {@link bitswapServer}. */
export interface BitswapServerOptions {
  /** Asked only for what `mayRead` grants. It should hold blocks itself: what it fetches elsewhere, peers make it fetch. */
  readonly store: Pick<ContentStore, 'get' | 'has'>;
  /** Whether a peer may have a block, and learn that it is here. */
  readonly mayRead: (peer: PublicKey, cid: CID) => boolean | Promise<boolean>;
  readonly outbox: Outbox;
  readonly environment: Pick<Environment, 'now'>;
  /** Peers served at the same time. A further one takes the place of the one that reads slowest, or its wants are dropped. */
  readonly maxPeers: number;
}

/** Answers wantlists. */
export interface BitswapServer {
  receive(peer: PublicKey, message: Pick<BitswapMessage, 'wants' | 'full'>): void;
  /** Drops what a peer wants. */
  forget(peer: PublicKey): void;
}

/** What one peer waits for. */
interface Ledger {
  readonly peer: PublicKey;
  readonly wants: Map<string, WantEntry>;
  working: boolean;
  /** The message that the peer is to take: since when, ms, and what gives it up. */
  sending: { readonly since: number; readonly giveUp: AbortController } | undefined;
}

/**
 * Answers every want once, with the block, `HAVE` or (when asked for) `DONT_HAVE`, which is also the answer for what a
 * peer may not have. Nothing is remembered that was answered: a block that comes later is sent when it is wanted again.
 */
export function bitswapServer(options: BitswapServerOptions): BitswapServer {
  const { outbox, environment, maxPeers } = options;
  const ledgers = new Map<string, Ledger>();
  const turns: Semaphore = semaphore(MAX_WORKING, { max: 10 * maxPeers });

  let unread = 0;
  /** Wants that a peer may have waiting, as it is now. */
  const room = (ledger: Ledger): number => {
    let others = 0;
    for (const each of ledgers.values()) if (each !== ledger) others += each.wants.size;
    return Math.min(MAX_WANTS_PER_PEER, Math.max(LEAST_WANTS, (MAX_WANTS - others) / 2));
  };

  const send = async (ledger: Ledger, answer: Answer): Promise<void> => {
    const bytes = answer.blocks.reduce((sum, { data }) => sum + data.length, 0);
    const giveUp = new AbortController();
    ledger.sending = { since: environment.now(), giveUp };
    unread += bytes;
    try {
      await outbox.send(ledger.peer, answer, { signal: giveUp.signal });
    } finally {
      unread -= bytes;
      ledger.sending = undefined;
    }
  };
  /** Takes the place of the peer that takes longest for its message, if that is too long; whether there was one. */
  const makeRoom = (): boolean => {
    const latest = environment.now() - GRACE_MS;
    let slowest: readonly [string, Ledger] | undefined;
    for (const entry of ledgers) {
      const since = entry[1].sending?.since;
      if (since !== undefined && since <= (slowest?.[1].sending?.since ?? latest)) slowest = entry;
    }
    if (slowest === undefined) return false;
    const [hex, ledger] = slowest;
    ledgers.delete(hex);
    ledger.wants.clear();
    ledger.sending?.giveUp.abort();
    return true;
  };

  const work = async (hex: string, ledger: Ledger): Promise<void> => {
    ledger.working = true;
    try {
      while (ledger.wants.size > 0) {
        const answer = await turns.run(() =>
          answerTo(options, ledger, Math.min(MESSAGE_BYTES, (MAX_UNREAD_BYTES - unread) / 2)),
        );
        if (answer.blocks.length > 0 || answer.presences.length > 0) await send(ledger, answer);
      }
    } catch {
      // A peer that is gone or does not read: it will ask again if it comes back.
      ledger.wants.clear();
      outbox.close(ledger.peer);
    } finally {
      ledger.working = false;
      if (ledgers.get(hex) === ledger) ledgers.delete(hex);
    }
  };

  return {
    receive(peer, { wants, full }) {
      if (wants.length === 0 && !full) return;
      const hex = publicKeyToHex(peer);
      const ledger = ledgers.get(hex) ?? { peer, wants: new Map(), working: false, sending: undefined };
      if (full) ledger.wants.clear();
      const most = room(ledger);
      for (const want of wants) {
        if (want.cid.byteLength > MAX_CID_BYTES) continue;
        const key = want.cid.toString();
        if (want.cancel) ledger.wants.delete(key);
        else if (ledger.wants.has(key) || ledger.wants.size < most) ledger.wants.set(key, want);
      }
      if (ledger.working || ledger.wants.size === 0) return;
      if (!ledgers.has(hex) && ledgers.size >= maxPeers && !makeRoom()) return;
      ledgers.set(hex, ledger);
      void work(hex, ledger);
    },
    forget(peer) {
      ledgers.get(publicKeyToHex(peer))?.wants.clear();
    },
  };
}

type Answer = Pick<BitswapMessage, 'blocks' | 'presences'>;

/**
 * Takes wants out of a ledger, the most urgent first, until a message has `maxBytes` of blocks or others shall have their turn,
 * and answers them.
 */
async function answerTo(
  { store, mayRead }: BitswapServerOptions,
  { peer, wants }: Ledger,
  maxBytes: number,
): Promise<Answer> {
  const blocks: PayloadBlock[] = [];
  const presences: BlockPresence[] = [];
  let bytes = 0;
  const byUrgency = [...wants].sort(([, a], [, b]) => b.priority - a.priority).slice(0, WANTS_A_TURN);
  for (const [key, want] of byUrgency) {
    if (bytes > 0 && bytes >= maxBytes) break;
    // Cancelled or replaced meanwhile.
    if (wants.get(key) !== want) continue;
    wants.delete(key);
    const { cid } = want;
    const granted = isSupportedCid(cid) && (await mayRead(peer, cid));
    if (want.have) {
      const have = granted && (await held(store, cid));
      if (have || want.sendDontHave) presences.push({ cid, have });
      continue;
    }
    const data = granted ? await read(store, cid) : undefined;
    if (data !== undefined) {
      blocks.push({ prefix: prefixOf(cid), data });
      bytes += data.length;
    } else if (want.sendDontHave) presences.push({ cid, have: false });
  }
  return { blocks, presences };
}

async function held(store: Pick<ContentStore, 'has'>, cid: CID): Promise<boolean> {
  return orWhenAbsent(() => store.has(cid), false);
}

async function read(store: Pick<ContentStore, 'get'>, cid: CID): Promise<Uint8Array | undefined> {
  return orWhenAbsent(() => store.get(cid), undefined);
}

/** A damaged or unreachable block is one that is not there. */
async function orWhenAbsent<T>(task: () => Promise<T>, absent: T): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (isEdmpError(error) && /^ERR_(CONTENT|TIMEOUT)/.test(error.code)) return absent;
    throw error;
  }
}
