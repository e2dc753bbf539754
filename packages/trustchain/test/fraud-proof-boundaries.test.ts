/** What a fraud proof must not be: too long, padded, or short of a block. */

import { type HalfBlock, isEdmpError, type TxValue } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import {
  decodeFraudProof,
  doubleAnswerEvidence,
  encodeFraudProof,
  type FraudEvidence,
  FraudProofError,
  forkEvidence,
  MAX_FRAUD_PROOF_BYTES,
} from '@edmp/trustchain/fraud';
import { beforeAll, describe, expect, it } from 'vitest';
import { after, agreementTo, blockOf, crypto, signerOf } from './support/blocks.ts';
import { codeOf } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);

let branches: [HalfBlock, HalfBlock, HalfBlock];
let answered: [proposal: HalfBlock, agreement: HalfBlock, refusal: HalfBlock];

beforeAll(async () => {
  branches = [
    await blockOf(alice, { tx: 1 }),
    await blockOf(alice, { tx: 2 }),
    await blockOf(alice, { tx: 3 }),
  ];
  const proposal = await blockOf(alice, { peer: bob.publicKey });
  const agreement = await agreementTo(bob, proposal);
  const parts = { peer: alice.publicKey, link: proposal.id, type: 'tc/refuse' };
  answered = [proposal, agreement, await after(bob, agreement, parts)];
});

const proofOf = (
  kind: string,
  blocks: readonly HalfBlock[],
  more: Record<string, TxValue> = {},
): Uint8Array => encodeCanonical({ v: 1, kind, blocks: blocks.map((block) => block.bytes), ...more });
const refusal = (bytes: Uint8Array): string => codeOf(() => decodeFraudProof(bytes, crypto));

const fork = (): FraudEvidence => {
  const evidence = forkEvidence(branches[0], branches[1]);
  if (evidence === undefined) throw new Error('no evidence');
  return evidence;
};

describe('a fraud proof', () => {
  it('of a double answer needs the proposal and both answers', () => {
    const [proposal, agreement, other] = answered;
    const evidence = doubleAnswerEvidence(proposal, [other, agreement]);
    expect(refusal(proofOf('double-answer', evidence?.blocks ?? []))).toBe('no error');
    expect(refusal(proofOf('double-answer', [proposal, agreement]))).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refusal(proofOf('double-answer', [proposal]))).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refusal(proofOf('double-answer', [agreement, other]))).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refusal(proofOf('double-answer', []))).toBe('ERR_FRAUD_UNFOUNDED');
  });

  it('of a double answer holds its blocks in canonical order', () => {
    const [proposal, ...answers] = answered;
    const [, first, second] = doubleAnswerEvidence(proposal, answers)?.blocks ?? [];
    if (first === undefined || second === undefined) throw new Error('no evidence');
    expect(refusal(proofOf('double-answer', [proposal, second, first]))).toBe('ERR_FRAUD_ORDER');
    expect(refusal(proofOf('double-answer', [first, proposal, second]))).toBe('ERR_FRAUD_UNFOUNDED');
  });

  it('of a fork or a broken link holds two blocks, however many branches there are', async () => {
    const [one, two] = fork().blocks as [HalfBlock, HalfBlock];
    expect(refusal(proofOf('fork', [one, two]))).toBe('no error');
    expect(refusal(proofOf('fork', [one, two, branches[2]]))).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refusal(proofOf('fork', []))).toBe('ERR_FRAUD_UNFOUNDED');
    const stray = await after(alice, two);
    expect(refusal(proofOf('hash-link', [one, stray]))).toBe('no error');
    expect(refusal(proofOf('hash-link', [stray, one]))).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refusal(proofOf('hash-link', [one, stray, two]))).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refusal(proofOf('hash-link', [one]))).toBe('ERR_FRAUD_UNFOUNDED');
  });

  it('is not read beyond its largest size', () => {
    const sized = (size: number): Uint8Array => {
      const pad = (length: number): Uint8Array =>
        proofOf('fork', fork().blocks, { more: new Uint8Array(length) });
      return pad(1_000 + size - pad(1_000).length - 2);
    };
    // The field too many is noticed last of all, after the blocks were decoded.
    expect(sized(MAX_FRAUD_PROOF_BYTES).length).toBe(MAX_FRAUD_PROOF_BYTES);
    expect(refusal(sized(MAX_FRAUD_PROOF_BYTES))).toBe('ERR_FRAUD_ORDER');
    expect(refusal(sized(MAX_FRAUD_PROOF_BYTES + 1))).toBe('ERR_FRAUD_ENCODING');
  });

  it('that is refused says why, and keeps the cause', () => {
    const bytes = proofOf('fork', fork().blocks);
    let found: unknown;
    try {
      decodeFraudProof(bytes.slice(0, -1), crypto);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(FraudProofError);
    const { name, message, cause } = found as FraudProofError;
    expect(name).toBe('FraudProofError');
    expect(isEdmpError(cause, 'ERR_FORMAT_ENCODING')).toBe(true);
    expect(message).toContain((cause as Error).message);
  });

  it('comes back from its bytes as it was made', () => {
    const proof = encodeFraudProof(fork(), crypto);
    expect(decodeFraudProof(proof.bytes, crypto)).toEqual(proof);
  });
});
