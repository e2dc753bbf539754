import {
  type Crypto,
  type HalfBlock,
  isEdmpError,
  type ReceiveResult,
  type TopicHandler,
  type TopicVerdict,
} from '@edmp/interface';
import { decodeHalfBlock } from '../block/codec.ts';
import type { FraudRegister } from '../chain/fraud-register.ts';
import { decodeFraudProof, verifyFraudProofAsync } from '../fraud/proof.ts';
import type { Quota } from './quota.ts';

const REFUSED_BLOCK = /^ERR_BLOCK_/;
const REFUSED_PROOF = /^ERR_FRAUD_/;

const rejected = (error: unknown, code: RegExp): TopicVerdict => {
  // What is not the sender's fault (a full queue, a closing store) is not held against it.
  if (isEdmpError(error)) return code.test(error.code) ? 'reject' : 'ignore';
  throw error;
};

/** Judges chain heads: relayed once each, and only when the block is well-formed, rightly signed and not invalid. */
export function headsHandler(
  crypto: Pick<Crypto, 'sha256'>,
  quota: Quota,
  receive: (block: HalfBlock) => Promise<ReceiveResult>,
): TopicHandler {
  return async (body, from) => {
    if (!quota.take(from, 1)) return 'ignore';
    try {
      const { added, level } = await receive(decodeHalfBlock(body, crypto));
      return added && level !== 'invalid' ? 'accept' : 'ignore';
    } catch (error) {
      return rejected(error, REFUSED_BLOCK);
    }
  };
}

/** Judges fraud proofs: relayed once each, whatever signatures over the same cores they come with. */
export function fraudHandler(
  crypto: Crypto,
  quota: Quota,
  frauds: FraudRegister,
  learned: (blocks: readonly HalfBlock[]) => Promise<void>,
): TopicHandler {
  return async (body, from) => {
    if (!quota.take(from, 1)) return 'ignore';
    try {
      const { author, id } = decodeFraudProof(body, crypto);
      if (await frauds.knows(author, id)) return 'ignore';
      const proof = await verifyFraudProofAsync(body, crypto);
      if (!(await frauds.recordProof(proof))) return 'ignore';
      await learned(proof.blocks);
      return 'accept';
    } catch (error) {
      return rejected(error, REFUSED_PROOF);
    }
  };
}
