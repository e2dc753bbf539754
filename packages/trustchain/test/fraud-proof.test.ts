import { bytesToHex, type HalfBlock, isEdmpError } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import {
  decodeFraudProof,
  doubleAnswerEvidence,
  encodeFraudProof,
  type FraudEvidence,
  forkEvidence,
  hashLinkEvidence,
  MAX_FRAUD_PROOF_BYTES,
  verifyFraudProof,
  verifyFraudProofAsync,
} from '@edmp/trustchain/fraud';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { after, agreementTo, blockOf, crypto, signerOf, strangeId } from './support/blocks.ts';
import { codeOf, codeOfAsync } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);

const present = (evidence: FraudEvidence | undefined): FraudEvidence => {
  if (evidence === undefined) throw new Error('no evidence');
  return evidence;
};

let fork: FraudEvidence;
let hashLink: FraudEvidence;
let double: FraudEvidence;
let one: HalfBlock;
let two: HalfBlock;

beforeAll(async () => {
  one = await blockOf(alice, { tx: 1 });
  two = await blockOf(alice, { tx: 2 });
  fork = present(forkEvidence(one, two));
  hashLink = present(hashLinkEvidence(one, await blockOf(alice, { seq: 2, prev: strangeId(1) })));
  const proposal = await blockOf(alice, { peer: bob.publicKey });
  const agreement = await agreementTo(bob, proposal);
  const refusal = await after(bob, agreement, {
    peer: alice.publicKey,
    link: proposal.id,
    type: 'tc/refuse',
  });
  double = present(doubleAnswerEvidence(proposal, [agreement, refusal]));
});

describe('fraud proof', () => {
  it('verifies alone, from its bytes, for every kind', async () => {
    for (const evidence of [fork, hashLink, double]) {
      const proof = encodeFraudProof(evidence, crypto);
      const verified = verifyFraudProof(proof.bytes, crypto);
      expect(verified).toEqual(proof);
      expect(verified.author).toEqual(evidence.author);
      expect(await verifyFraudProofAsync(proof.bytes, crypto)).toEqual(proof);
    }
    expect(double.author).toEqual(bob.publicKey);
  });

  it('S144 has the same bytes whatever order the blocks were found in', async () => {
    expect(encodeFraudProof(present(forkEvidence(two, one)), crypto)).toEqual(encodeFraudProof(fork, crypto));
    const [proposal, a, b] = double.blocks as [HalfBlock, HalfBlock, HalfBlock];
    expect(encodeFraudProof(present(doubleAnswerEvidence(proposal, [b, a])), crypto).bytes).toEqual(
      encodeFraudProof(double, crypto).bytes,
    );
  });

  it('has the same identity whatever signatures the cores carry', () => {
    const resigned: HalfBlock = {
      ...one,
      signature: new Uint8Array(64),
      bytes: one.bytes.slice().fill(0, one.bytes.length - 64),
    };
    expect(
      encodeFraudProof(present(forkEvidence(resigned, two)), crypto).id.equals(
        encodeFraudProof(fork, crypto).id,
      ),
    ).toBe(true);
  });

  it('has another identity for other blocks and kinds', () => {
    const ids = [fork, hashLink, double].map((evidence) => encodeFraudProof(evidence, crypto).id.toString());
    expect(new Set(ids).size).toBe(3);
  });

  it('does not count withdrawals, or answers to answers, as double answers', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey });
    const agreement = await agreementTo(bob, proposal);
    const withdrawal = await after(bob, agreement, {
      peer: bob.publicKey,
      link: proposal.id,
      type: 'tc/withdraw',
    });
    expect(doubleAnswerEvidence(proposal, [agreement, withdrawal])).toBeUndefined();
    const replies = [await agreementTo(alice, agreement), await agreementTo(alice, agreement, { tx: 5 })];
    expect(doubleAnswerEvidence(agreement, replies)).toBeUndefined();
  });

  it('does not exist for blocks that do not contradict each other', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey });
    const agreement = await agreementTo(bob, proposal);
    const source = await blockOf(alice);
    expect(forkEvidence(one, one)).toBeUndefined();
    expect(forkEvidence(one, await blockOf(bob))).toBeUndefined();
    expect(forkEvidence(one, await after(alice, one))).toBeUndefined();
    expect(hashLinkEvidence(one, await after(alice, one))).toBeUndefined();
    expect(hashLinkEvidence(one, await blockOf(alice, { seq: 3, prev: strangeId(1) }))).toBeUndefined();
    expect(hashLinkEvidence(one, await blockOf(bob, { seq: 2, prev: strangeId(1) }))).toBeUndefined();
    expect(doubleAnswerEvidence(proposal, [agreement])).toBeUndefined();
    expect(doubleAnswerEvidence(proposal, [agreement, agreement])).toBeUndefined();
    expect(
      doubleAnswerEvidence(proposal, [agreement, await agreementTo(signerOf(3), proposal)]),
    ).toBeUndefined();
    expect(doubleAnswerEvidence(agreement, [agreement, proposal])).toBeUndefined();
    expect(
      doubleAnswerEvidence(source, [
        await agreementTo(bob, source),
        await agreementTo(bob, source, { seq: 2, prev: strangeId(1) }),
      ]),
    ).toBeUndefined();
    const own = await blockOf(alice, { peer: alice.publicKey });
    expect(
      doubleAnswerEvidence(own, [await agreementTo(alice, own), await agreementTo(alice, own, { tx: 5 })]),
    ).toBeUndefined();
  });

  it('is refused by name when it is not one', async () => {
    const refused = (value: unknown): string =>
      codeOf(() => verifyFraudProof(encodeCanonical(value as never), crypto));
    const blocks = fork.blocks.map((block) => block.bytes);
    expect(refused({ v: 1, kind: 'fork', blocks })).toBe('no error');
    expect(refused({ v: 2, kind: 'fork', blocks })).toBe('ERR_FRAUD_ENCODING');
    expect(refused({ v: 1, kind: 'theft', blocks })).toBe('ERR_FRAUD_ENCODING');
    expect(refused({ v: 1, kind: 'fork', blocks: 5 })).toBe('ERR_FRAUD_ENCODING');
    expect(refused({ v: 1, kind: 'fork', blocks: [1, 2] })).toBe('ERR_FRAUD_ENCODING');
    expect(refused({ v: 1, kind: 'fork', blocks: [...blocks, ...blocks] })).toBe('ERR_FRAUD_ENCODING');
    expect(refused(null)).toBe('ERR_FRAUD_ENCODING');
    expect(refused([])).toBe('ERR_FRAUD_ENCODING');
    expect(refused({ v: 1, kind: 'fork', blocks: blocks.toReversed() })).toBe('ERR_FRAUD_ORDER');
    expect(refused({ v: 1, kind: 'fork', blocks, more: 1 })).toBe('ERR_FRAUD_ORDER');
    expect(refused({ v: 1, kind: 'fork', blocks: blocks.slice(1) })).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refused({ v: 1, kind: 'fork', blocks: [blocks[0], blocks[0]] })).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refused({ v: 1, kind: 'hash-link', blocks })).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refused({ v: 1, kind: 'double-answer', blocks })).toBe('ERR_FRAUD_UNFOUNDED');
    expect(refused({ v: 1, kind: 'fork', blocks: double.blocks.map((block) => block.bytes) })).toBe(
      'ERR_FRAUD_UNFOUNDED',
    );
    expect(codeOf(() => decodeFraudProof(new Uint8Array(MAX_FRAUD_PROOF_BYTES + 1), crypto))).toBe(
      'ERR_FRAUD_ENCODING',
    );
    const forged = blocks.map((bytes) => bytes.slice().fill(1, bytes.length - 10));
    expect(refused({ v: 1, kind: 'fork', blocks: forged })).toBe('ERR_FRAUD_SIGNATURE');
    expect(
      await codeOfAsync(
        verifyFraudProofAsync(encodeCanonical({ v: 1, kind: 'fork', blocks: forged }), crypto),
      ),
    ).toBe('ERR_FRAUD_SIGNATURE');
  });

  it('never accuses an honest key: no mutation of a proof verifies', () => {
    const { bytes } = encodeFraudProof(fork, crypto);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const altered = bytes.slice();
        altered[position] = (altered[position] ?? 0) ^ change;
        try {
          verifyFraudProof(altered, crypto);
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          expect(error.code).toMatch(/^ERR_FRAUD_/);
          return;
        }
        expect.fail(`accepted with byte ${position} changed: ${bytesToHex(altered)}`);
      }),
      { numRuns: 500 },
    );
  });
});
