import type { BlockStore, Crypto, HalfBlock, PublicKey, ReceiveResult } from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { blockDigest, bytesKey } from '../../block/identity.ts';
import type { FraudRegister } from '../../chain/fraud-register.ts';
import { decodeBlocks } from '../messages.ts';
import type { ProofName } from './activity.ts';
import type { HeadBounds } from './head-bounds.ts';

/** What {@link AnsweredFetch} works with. */
export interface AnsweredFetchContext {
  readonly store: BlockStore;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly frauds: FraudRegister;
  readonly bounds: HeadBounds;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** Told of answers that brought a block nobody here had. */
  readonly onAnswered: (answer: HalfBlock) => void;
}

/**
 * The blocks that answers from one peer answer: fetched from the same peer when they are lacking, at the expense of the
 * answers' authors. Without them whoever holds another branch would hear that somebody answered, and not what.
 */
export class AnsweredFetch {
  readonly #context: AnsweredFetchContext;
  readonly #peer: PublicKey;
  /** Answers by the name of what they answer. */
  readonly #answers = new Map<string, HalfBlock>();

  constructor(context: AnsweredFetchContext, peer: PublicKey) {
    this.#context = context;
    this.#peer = peer;
  }

  /** An answer came from the peer and was stored. */
  note(answer: HalfBlock): void {
    const { link } = answer.core;
    if (link !== null) this.#answers.set(bytesKey(blockDigest(link)), answer);
  }

  /** What is lacking of all that was noted since the last call. */
  async lacking(): Promise<readonly ProofName[]> {
    const names: ProofName[] = [];
    for (const { core } of this.#answers.values()) {
      if (core.link === null || (await this.#context.store.has(core.link))) continue;
      names.push({ author: core.peer ?? core.key, digest: blockDigest(core.link) });
    }
    if (names.length === 0) this.#answers.clear();
    return names;
  }

  /** Takes one frame; returns the names of its blocks and how many were news. Throws `unasked()` for any other block. */
  async take(
    frame: Uint8Array,
    wanted: ReadonlyMap<string, ProofName>,
    unasked: () => Error,
  ): Promise<{ readonly came: readonly string[]; readonly gained: number }> {
    const { crypto, frauds, bounds, receive, onAnswered } = this.#context;
    const came: string[] = [];
    let gained = 0;
    for (const bytes of decodeBlocks(frame)) {
      const block = decodeHalfBlock(bytes, crypto);
      const name = bytesKey(blockDigest(block.id));
      const answer = this.#answers.get(name);
      if (answer === undefined || !wanted.has(name)) throw unasked();
      this.#answers.delete(name);
      came.push(name);
      const { key } = answer.core;
      const { length } = bytes;
      if ((await frauds.has(block.core.key)) || !bounds.hasBytes(key, this.#peer, length)) continue;
      const { added } = await receive(block);
      if (!added) continue;
      bounds.stored(key, this.#peer, length);
      gained++;
      onAnswered(answer);
    }
    return { came, gained };
  }
}
