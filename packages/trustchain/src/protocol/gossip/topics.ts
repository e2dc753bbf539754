import {
  type BlockStore,
  type Crypto,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  type ReceiveResult,
  type TopicHandler,
  type TopicVerdict,
} from '@edmp/interface';
import { keyedMutex } from '@edmp/interface/bounded';
import { bytesKey } from '../../block/identity.ts';
import type { FraudRegister } from '../../chain/fraud-register.ts';
import { decodeFraudProof, verifyFraudProofAsync } from '../../fraud/proof.ts';
import type { SlotOf } from '../../fraud/slot.ts';
import type { Quota } from '../quota.ts';
import { type Announcement, decodeAnnouncement, MAX_ANNOUNCEMENT_BYTES } from './announcement.ts';
import { contradicts } from './contradiction.ts';
import type { HeadBounds } from './head-bounds.ts';

/** What an undecodable, wrongly signed or oversized message costs its deliverer; no honest node relays one. */
export const FAULT_PRICE = 50;
/** Heads of one deliverer that wait for their turn; more are ignored. */
const MAX_WAITING = 256;
/** What a message costs that an honest node may relay, but that was no use here. */
const USELESS_PRICE = 1;

const REFUSED_BLOCK = /^ERR_(BLOCK_|CHAIN_PROTOCOL$)/;
/** A proof that nobody here can judge is not its deliverer's fault. */
const REFUSED_PROOF = /^ERR_FRAUD_(?!UNKNOWN)/;

/** The verdict on a message that could not be taken in; its fault is charged to the deliverer. */
const failed = (error: unknown, code: RegExp, quota: Quota, from: PublicKey): TopicVerdict => {
  if (!isEdmpError(error)) throw error;
  // What is not the sender's fault (a full queue, a closing store) is not held against it.
  if (!code.test(error.code)) return 'ignore';
  quota.charge(from, FAULT_PRICE);
  return 'reject';
};

/** What {@link headsHandler} works with. */
export interface HeadsContext {
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly store: BlockStore;
  readonly frauds: FraudRegister;
  /** By deliverer: charged for faults and for what was no use. */
  readonly quota: Quota;
  readonly bounds: HeadBounds;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
}

/**
 * Judges chain heads: relayed once each, whether they were new here or had come by push, and only when the block is
 * well-formed, rightly signed, not invalid, and within its author's bounds. A block that contradicts what is stored of
 * its author is taken in whatever the bounds say; the proof that it gives is relayed in its place. Nothing is taken in
 * of a proven cheat.
 *
 * An answer brings the block that it answers, which counts against the bounds of the answer's author: whoever was shown
 * a branch and answered is heard, however much its author says.
 */
export function headsHandler(context: HeadsContext): TopicHandler {
  const { crypto, store, frauds, quota, bounds } = context;

  const useless = (from: PublicKey): TopicVerdict => {
    quota.charge(from, USELESS_PRICE);
    return 'ignore';
  };

  /** Whether the answered block is news that may be stored: of no proven cheat, and not stored. */
  const isWanted = async (answered: HalfBlock | undefined): Promise<boolean> =>
    answered !== undefined && !(await frauds.has(answered.core.key)) && !(await store.has(answered.id));

  /** Takes in an answered block, once the answer's signature is known to be genuine: its author pays. */
  const takeAnswered = async (
    { block, answered }: Announcement,
    from: PublicKey,
    isOld: boolean,
  ): Promise<void> => {
    if (answered === undefined || !(await isWanted(answered))) return;
    const { added } = await context.receive(answered);
    if (added) bounds.stored(block.core.key, from, answered.bytes.length, isOld);
  };

  const judgeKnown = async (
    announced: Announcement,
    stored: HalfBlock,
    from: PublicKey,
  ): Promise<TopicVerdict> => {
    const { block, answered } = announced;
    const { key } = block.core;
    const isNews = await isWanted(answered);
    const head = await store.head(key);
    // Old blocks are no news, and each of them could be made to travel again and again.
    const isHead = head !== undefined && equalBytes(head.id.bytes, block.id.bytes);
    const isSame = equalBytes(stored.signature, block.signature);
    const isWithin =
      bounds.hasRoom(key, !isHead) &&
      (!isNews || bounds.hasBytes(key, from, answered?.bytes.length ?? 0, !isHead));
    if (!(isHead || isNews) || !isSame || bounds.wasRelayed(block.id, answered?.id) || !isWithin) {
      return useless(from);
    }
    const { level } = await context.receive(block);
    if (level === 'invalid') return useless(from);
    bounds.took(key, !isHead);
    bounds.relayed(block.id, answered?.id);
    await takeAnswered(announced, from, !isHead);
    return 'accept';
  };

  const judgeNew = async (announced: Announcement, from: PublicKey): Promise<TopicVerdict> => {
    const { block, answered } = announced;
    const { key } = block.core;
    const { length } = block.bytes;
    const more = (await isWanted(answered)) ? (answered?.bytes.length ?? 0) : 0;
    const head = await store.head(key);
    const isOld = head !== undefined && head.core.seq > block.core.seq;
    const isWithin = bounds.hasRoom(key, isOld) && bounds.hasBytes(key, from, length + more, isOld);
    if (!isWithin && !(await contradicts(store, block))) return useless(from);
    bounds.relayed(block.id, answered?.id);
    const { added, level } = await context.receive(block);
    bounds.took(key, isOld);
    if (added) bounds.stored(key, from, length, isOld);
    // A contradiction was of use: the proof travels on its own topic.
    if (level === 'invalid') return (await frauds.has(key)) ? 'ignore' : useless(from);
    if (!added) return useless(from);
    if (isWithin) await takeAnswered(announced, from, isOld);
    return 'accept';
  };

  const judge = async (body: Uint8Array, from: PublicKey): Promise<TopicVerdict> => {
    if (!quota.has(from, 0)) return 'ignore';
    if (body.length > MAX_ANNOUNCEMENT_BYTES) {
      quota.charge(from, FAULT_PRICE);
      return 'reject';
    }
    try {
      const announced = decodeAnnouncement(body, crypto);
      const { block } = announced;
      if (await frauds.has(block.core.key)) return useless(from);
      const stored = await store.get(block.id);
      return await (stored === undefined ? judgeNew(announced, from) : judgeKnown(announced, stored, from));
    } catch (error) {
      return failed(error, REFUSED_BLOCK, quota, from);
    }
  };

  // In turn, so that what many at once cost is known before the next is let in.
  const turns = keyedMutex<string>({ perKey: MAX_WAITING });
  return (body, from) => {
    const peer = bytesKey(from);
    return turns.hasRoom(peer) ? turns.run(peer, () => judge(body, from)) : 'ignore';
  };
}

/** What {@link fraudHandler} works with. */
export interface FraudTopicContext {
  readonly crypto: Crypto;
  readonly frauds: FraudRegister;
  readonly slotOf: SlotOf;
  /** By deliverer, and for proofs alone: heads cannot use it up. */
  readonly quota: Quota;
  /** Takes in the blocks of a proof; its failure does not concern the proof. */
  readonly learned: (blocks: readonly HalfBlock[]) => Promise<void>;
}

/**
 * Judges fraud proofs: relayed once each, whatever signatures over the same cores they come with. One that depends on a
 * rule that is not known here is neither believed nor relayed.
 */
export function fraudHandler(context: FraudTopicContext): TopicHandler {
  const { crypto, frauds, slotOf, quota, learned } = context;
  return async (body, from) => {
    // What is ignored here for the quota is fetched when the node reconciles with its peers.
    if (!quota.take(from, USELESS_PRICE)) return 'ignore';
    try {
      const { author, id } = decodeFraudProof(body, crypto);
      if (await frauds.knows(author, id)) return 'ignore';
      const proof = await verifyFraudProofAsync(body, crypto, slotOf);
      if (!(await frauds.recordProof(proof))) return 'ignore';
      // Not waited for: a full queue must not keep the proof from its way.
      learned(proof.blocks).catch(() => {});
      return 'accept';
    } catch (error) {
      return failed(error, REFUSED_PROOF, quota, from);
    }
  };
}
