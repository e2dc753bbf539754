import {
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type Network,
  type PublicKey,
  type ReceiveResult,
  singleFrame,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { blockDigest, blockIdFromDigest, bytesKey } from '../../block/identity.ts';
import { ChainError } from '../../chain/errors.ts';
import type { FraudRegister } from '../../chain/fraud-register.ts';
import {
  decodeFraudProof,
  type FraudProof,
  MAX_FRAUD_PROOF_BYTES,
  verifyFraudProofAsync,
} from '../../fraud/proof.ts';
import type { SlotOf } from '../../fraud/slot.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { decodeBlocks, MAX_FRAME_BYTES } from '../messages.ts';
import type { Quota } from '../quota.ts';
import type { ActivityCursor, HeadName, ProofName } from './activity.ts';
import { AnsweredFetch } from './answered-fetch.ts';
import type { HeadBounds } from './head-bounds.ts';
import {
  decodeNamesPage,
  encodeReconcileRequest,
  MAX_PAGE_BYTES,
  MAX_WANTED,
  type NamesPage,
  RECONCILE_PROTOCOL,
  type ReconcileRequest,
} from './reconcile-messages.ts';
import { FAULT_PRICE } from './topics.ts';

/** Pages of names read from one peer in a round; the next round goes on. */
const MAX_PAGES = 32;
/** Blocks and proofs of one peer taken in a round, bytes. */
const MAX_ROUND_BYTES = 8_388_608;
/** Longest round with one peer, ms. */
const ROUND_MS = 30_000;
/** Peers compared with at once. */
const MAX_ROUNDS_AT_ONCE = 4;
/** Peers whose cursors are remembered. */
const MAX_CURSORS = 4_096;
/** Longest answer of a request, bytes: a server ends it at 1 MiB, one block or proof beyond. */
const MAX_RESPONSE_BYTES = 2 * MAX_FRAME_BYTES;
const FAULTS = /^ERR_(CHAIN_PROTOCOL|BLOCK_|FRAUD_|NETWORK_LIMIT)/;

/** What {@link reconciler} works with. */
export interface ReconcileContext {
  readonly environment: Environment;
  readonly network: Network;
  readonly store: BlockStore;
  readonly crypto: Crypto;
  readonly frauds: FraudRegister;
  readonly slotOf: SlotOf;
  readonly bounds: HeadBounds;
  /** By peer: charged for answers that break the protocol; in debt a peer is not asked. */
  readonly faults: Quota;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** Told of answers that brought a block nobody here had. */
  readonly onAnswered: (answer: HalfBlock) => void;
  readonly signal: AbortSignal;
}

/** Fetches from peers the fraud proofs that are lacking here, and blocks that are newer or contradict what is stored. */
export interface Reconciler {
  /** Compares with a peer soon, a few peers at once. */
  enqueue(peer: PublicKey): void;
  /** Reads everything that peers know again: what could not be judged before may be judged now. */
  reread(): void;
  /** Resolves when no round is under way; the signal ends those that are. */
  idle(): Promise<void>;
}

interface Round {
  readonly peer: PublicKey;
  readonly signal: AbortSignal;
  readonly answered: AnsweredFetch;
  bytes: number;
  gained: number;
}

/** A {@link Reconciler} that has compared with nobody. */
export function reconciler(context: ReconcileContext): Reconciler {
  const { environment, network, store, crypto, frauds, bounds, faults } = context;
  const cursors = new Map<string, ActivityCursor & { readonly epoch: Uint8Array }>();
  const waiting = new Map<string, PublicKey>();
  const running = new Map<string, Promise<void>>();
  /** Names being fetched from some peer now. */
  const fetching = new Set<string>();

  const ask = (round: Round, request: ReconcileRequest, maxFrameBytes: number): AsyncIterable<Uint8Array> =>
    network.request(round.peer, RECONCILE_PROTOCOL, encodeReconcileRequest(request), {
      signal: round.signal,
      maxFrameBytes,
      maxResponseBytes: MAX_RESPONSE_BYTES,
    });

  /** Fetches what is named in as many requests as it takes, as long as each brings something. */
  const fetchAll = async <T extends ProofName>(
    round: Round,
    names: readonly T[],
    fetchSome: (names: ReadonlyMap<string, T>) => Promise<readonly string[]>,
  ): Promise<void> => {
    const wanted = new Map<string, T>();
    for (const name of names) {
      const key = bytesKey(name.digest);
      if (!fetching.has(key)) wanted.set(key, name);
    }
    for (const key of wanted.keys()) fetching.add(key);
    const all = [...wanted.keys()];
    try {
      while (wanted.size > 0 && round.bytes < MAX_ROUND_BYTES) {
        const came = await fetchSome(new Map([...wanted].slice(0, MAX_WANTED)));
        // What did not come is not there any more, or never was.
        if (came.length === 0) return;
        for (const key of came) wanted.delete(key);
      }
    } finally {
      for (const key of all) fetching.delete(key);
    }
  };

  const lacking = async (names: readonly ProofName[]): Promise<readonly ProofName[]> => {
    const found: ProofName[] = [];
    for (const name of names) {
      if (!(await frauds.knows(name.author, blockIdFromDigest(name.digest)))) found.push(name);
    }
    return found;
  };

  /** A verified proof; undefined for one that depends on a rule that is not known here. */
  const verifiable = async (bytes: Uint8Array): Promise<FraudProof | undefined> => {
    try {
      return await verifyFraudProofAsync(bytes, crypto, context.slotOf);
    } catch (error) {
      if (isEdmpError(error, 'ERR_FRAUD_UNKNOWN')) return undefined;
      throw error;
    }
  };

  const takeProofs = async (round: Round, names: readonly ProofName[]): Promise<void> => {
    await fetchAll(round, await lacking(names), async (wanted) => {
      const came: string[] = [];
      const request = { part: 'proofs', wanted: [...wanted.values()] } as const;
      for await (const bytes of ask(round, request, MAX_FRAUD_PROOF_BYTES)) {
        round.bytes += bytes.length;
        const key = bytesKey(blockDigest(decodeFraudProof(bytes, crypto).id));
        if (!wanted.has(key) || came.includes(key)) throw unasked('proof');
        came.push(key);
        const proof = await verifiable(bytes);
        throwIfAborted(round.signal);
        if (proof === undefined) continue;
        if (!(await frauds.recordProof(proof))) continue;
        round.gained += 1;
        for (const block of proof.blocks) context.receive(block).catch(() => {});
      }
      return came;
    });
  };

  /** Why a block that a peer has is of interest; undefined when it is not. */
  const interest = async ({
    author,
    seq,
    digest,
  }: HeadName): Promise<'contradiction' | 'newer' | undefined> => {
    if (await frauds.has(author)) return undefined;
    const branches = await store.at(author, seq);
    if (branches.some(({ id }) => equalBytes(blockDigest(id), digest))) return undefined;
    if (branches.length > 0) return 'contradiction';
    // This node's blocks are asked for when a peer connects: one that comes while another is being signed is in the way.
    if (equalBytes(author, network.self)) return undefined;
    const head = await store.head(author);
    if (head === undefined || head.core.seq < seq) return 'newer';
    const [next] = await store.at(author, seq + 1);
    const prev = next?.core.prev;
    return prev && !equalBytes(blockDigest(prev), digest) ? 'contradiction' : undefined;
  };

  const takeBlocks = async (round: Round, names: readonly HeadName[]): Promise<void> => {
    const contradictions: HeadName[] = [];
    const newer: HeadName[] = [];
    for (const name of names) {
      const found = await interest(name);
      if (found === 'contradiction') contradictions.push(name);
      else if (found === 'newer') newer.push(name);
    }
    for (const [list, isBounded] of [
      [contradictions, false],
      [newer, true],
    ] as const) {
      await fetchAll(round, list, async (wanted) => {
        const came: string[] = [];
        const request = { part: 'blocks', wanted: [...wanted.values()].map(({ digest }) => digest) } as const;
        for await (const frame of ask(round, request, MAX_FRAME_BYTES)) {
          round.bytes += frame.length;
          for (const bytes of decodeBlocks(frame)) {
            const key = await takeBlock(round, decodeHalfBlock(bytes, crypto), wanted, isBounded);
            if (came.includes(key)) throw unasked('block');
            came.push(key);
          }
        }
        return came;
      });
    }
  };

  const takeBlock = async (
    round: Round,
    block: HalfBlock,
    wanted: ReadonlyMap<string, HeadName>,
    isBounded: boolean,
  ): Promise<string> => {
    const { key: author, seq } = block.core;
    const key = bytesKey(blockDigest(block.id));
    const name = wanted.get(key);
    if (name === undefined || name.seq !== seq || !equalBytes(name.author, author)) throw unasked('block');
    throwIfAborted(round.signal);
    const { length } = block.bytes;
    if (isBounded && !bounds.hasBytes(author, round.peer, length)) return key;
    const { added } = await context.receive(block);
    if (!added) return key;
    round.gained += 1;
    bounds.stored(author, round.peer, length);
    round.answered.note(block);
    return key;
  };

  const takeAnswered = async (round: Round): Promise<void> => {
    await fetchAll(round, await round.answered.lacking(), async (wanted) => {
      const all: string[] = [];
      const request = { part: 'blocks', wanted: [...wanted.values()].map(({ digest }) => digest) } as const;
      for await (const frame of ask(round, request, MAX_FRAME_BYTES)) {
        throwIfAborted(round.signal);
        round.bytes += frame.length;
        const { came, gained } = await round.answered.take(frame, wanted, () => unasked('block'));
        round.gained += gained;
        all.push(...came);
      }
      return all;
    });
  };

  const readPage = async (round: Round): Promise<NamesPage> => {
    const { epoch, proofs, heads } = cursors.get(bytesKey(round.peer)) ?? {
      epoch: new Uint8Array(),
      proofs: 0,
      heads: 0,
    };
    return decodeNamesPage(
      await singleFrame(ask(round, { part: 'names', epoch, proofs, heads }, MAX_PAGE_BYTES)),
    );
  };

  /** Whether there is more to read, and reading it is worth while. */
  const compare = async (round: Round): Promise<boolean> => {
    for (let n = 0; n < MAX_PAGES && round.bytes < MAX_ROUND_BYTES; n++) {
      const page = await readPage(round);
      await takeProofs(round, page.proofs);
      await takeBlocks(round, page.heads);
      await takeAnswered(round);
      const key = bytesKey(round.peer);
      cursors.delete(key);
      cursors.set(key, { ...page.next, epoch: page.epoch });
      if (cursors.size > MAX_CURSORS) forgetOldest(cursors);
      if (page.isLast) return false;
    }
    return round.gained > 0;
  };

  const run = async (peer: PublicKey): Promise<void> => {
    const answered = new AnsweredFetch(context, peer);
    const round: Round = { peer, signal: context.signal, answered, bytes: 0, gained: 0 };
    let comparing: Promise<boolean> | undefined;
    const task = (signal: AbortSignal): Promise<boolean> => {
      comparing = compare(Object.assign(round, { signal }));
      return comparing;
    };
    try {
      const goOn = await withDeadline(environment, ROUND_MS, 'Reconciling with a peer', task, {
        signal: context.signal,
      });
      if (goOn) waiting.set(bytesKey(peer), peer);
    } catch (error) {
      // Tried again in the next round; a peer that lies is not asked again before its debt is paid.
      if (isEdmpError(error) && FAULTS.test(error.code)) faults.charge(peer, FAULT_PRICE);
    }
    // A deadline or an end is told at once; what was being stored then is waited for.
    await comparing?.catch(() => {});
  };

  const next = (): void => {
    for (const [key, peer] of waiting) {
      if (running.size >= MAX_ROUNDS_AT_ONCE || context.signal.aborted) return;
      if (running.has(key)) continue;
      waiting.delete(key);
      if (!faults.has(peer, 0)) continue;
      const ended = run(peer).then(() => {
        running.delete(key);
        next();
      });
      running.set(key, ended);
    }
  };

  return {
    enqueue(peer) {
      waiting.set(bytesKey(peer), peer);
      next();
    },
    reread: () => cursors.clear(),
    async idle() {
      await Promise.all(running.values());
    },
  };
}

const unasked = (what: string): ChainError =>
  new ChainError('ERR_CHAIN_PROTOCOL', `The peer sent a ${what} that was not asked for, or twice`);
