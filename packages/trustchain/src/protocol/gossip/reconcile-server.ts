import {
  type BlockStore,
  type Crypto,
  equalBytes,
  type PublicKey,
  type RequestHandler,
} from '@edmp/interface';
import { blockDigest, blockIdFromDigest } from '../../block/identity.ts';
import { ChainError } from '../../chain/errors.ts';
import { decodeFraudProof } from '../../fraud/proof.ts';
import { encodeBlocks, FRAME_TARGET_BYTES, frames } from '../messages.ts';
import type { Quota } from '../quota.ts';
import type { ActivityLog } from './activity.ts';
import { decodeReconcileRequest, encodeNamesPage, PAGE_NAMES } from './reconcile-messages.ts';

/** Bytes of an answer that one token of the quota pays for. */
const BYTES_A_TOKEN = 512;
/** Bytes after which an answer ends; who asked asks again for the rest. */
const MAX_ANSWER_BYTES = FRAME_TARGET_BYTES;

/** What {@link reconcileHandler} works with. */
export interface ReconcileServerContext {
  readonly store: BlockStore;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly quota: Quota;
  readonly log: ActivityLog;
  /** Names this run of the node: cursors of another run mean nothing. */
  readonly epoch: Uint8Array;
}

/** Serves the protocol of reconciling. What a request costs is taken before the store is read for it. */
export function reconcileHandler(context: ReconcileServerContext): RequestHandler {
  const { store, crypto, quota, log, epoch } = context;

  const pay = (peer: PublicKey, tokens: number): void => {
    if (quota.take(peer, tokens)) return;
    throw new ChainError('ERR_CHAIN_BUSY', 'This peer reconciles more than its quota allows; try later', {
      retryable: true,
    });
  };
  const priceOf = (bytes: number): number => Math.ceil(bytes / BYTES_A_TOKEN);

  return async function* ({ from, body }) {
    pay(from, 1);
    const request = decodeReconcileRequest(body);
    if (request.part === 'names') {
      const isKnown = equalBytes(request.epoch, epoch);
      const cursor = isKnown ? { proofs: request.proofs, heads: request.heads } : { proofs: 0, heads: 0 };
      const page = encodeNamesPage({ ...log.after(cursor, PAGE_NAMES), epoch });
      pay(from, priceOf(page.length));
      yield page;
      return;
    }
    pay(from, request.wanted.length);
    let sent = 0;
    if (request.part === 'blocks') {
      const found = await store.getMany(request.wanted.map(blockIdFromDigest));
      for (const group of frames(found.filter((block) => block !== undefined))) {
        const frame = encodeBlocks(group);
        pay(from, priceOf(frame.length));
        yield frame;
        sent += frame.length;
        if (sent >= MAX_ANSWER_BYTES) return;
      }
      return;
    }
    for (const { author, digest } of request.wanted) {
      for (const bytes of await store.proofs(author)) {
        if (!equalBytes(blockDigest(decodeFraudProof(bytes, crypto).id), digest)) continue;
        pay(from, priceOf(bytes.length));
        yield bytes;
        sent += bytes.length;
        break;
      }
      if (sent >= MAX_ANSWER_BYTES) return;
    }
  };
}
