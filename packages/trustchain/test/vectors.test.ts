import { readFileSync } from 'node:fs';
import {
  bytesToHex,
  type HalfBlock,
  hexToBytes,
  isEdmpError,
  publicKeyFromHex,
  softwareSigner,
} from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { decodeCanonical } from '@edmp/interface/format';
import { decodeHalfBlock, signHalfBlock, verifySignature } from '@edmp/trustchain/block';
import { slotsBy, verifyFraudProof } from '@edmp/trustchain/fraud';
import { pairState } from '@edmp/trustchain/pair';
import { checkpointDigest, decodeCheckpoint } from '@edmp/trustchain/tools';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../vectors/trustchain-${name}.json`, import.meta.url), 'utf8')) as T;
const block = (hex: string) => decodeHalfBlock(hexToBytes(hex), nodeCrypto());

describe('golden vectors', () => {
  const { blocks, refused } = read<{
    blocks: Record<'name' | 'secretKey' | 'key' | 'type' | 'txBytes' | 'core' | 'id' | 'bytes', string>[] &
      { seq: number; prev: string | null; peer: string | null; link: string | null; time: number }[];
    refused: { name: string; bytes: string; code: string }[];
  }>('blocks');

  for (const crypto of [nodeCrypto(), nobleCrypto()]) {
    it(`blocks are reproduced byte for byte by ${crypto.name}`, async () => {
      for (const vector of blocks) {
        const signer = softwareSigner({ crypto, secretKey: hexToBytes(vector.secretKey) });
        const made = await signHalfBlock(
          {
            v: 1,
            key: publicKeyFromHex(vector.key),
            seq: vector.seq,
            prev: vector.prev === null ? null : CID.parse(vector.prev),
            peer: vector.peer === null ? null : publicKeyFromHex(vector.peer),
            link: vector.link === null ? null : CID.parse(vector.link),
            type: vector.type,
            tx: decodeCanonical(hexToBytes(vector.txBytes)),
            time: vector.time,
          },
          signer,
          crypto,
        );
        expect(bytesToHex(made.bytes), vector.name).toBe(vector.bytes);
        expect(bytesToHex(made.coreBytes)).toBe(vector.core);
        expect(made.id.toString()).toBe(vector.id);
        expect(verifySignature(made, crypto)).toBe(true);
      }
      expect(blocks.length).toBe(5);
    });

    it(`refused bytes are refused by ${crypto.name}, with the same code`, () => {
      for (const { name, bytes, code } of refused) {
        let found = 'accepted';
        try {
          if (!verifySignature(decodeHalfBlock(hexToBytes(bytes), crypto), crypto))
            found = 'ERR_BLOCK_SIGNATURE';
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          found = error.code;
        }
        expect(found, name).toBe(code);
      }
      expect(refused.length).toBe(26);
    });

    it(`fraud proofs verify with ${crypto.name}`, () => {
      const { proofs } = read<{ proofs: Record<'kind' | 'author' | 'id' | 'bytes', string>[] }>('proofs');
      expect(proofs.map(({ kind }) => kind)).toEqual([
        'fork',
        'hash-link',
        'double-answer',
        'hash-link',
        'slot',
      ]);
      const slot = (block: HalfBlock) => `n/${(block.core.tx as { readonly n: number }).n}`;
      const slotOf = slotsBy(
        new Map(['example/spend', 'example/transfer'].map((type) => [type, { slot }] as const)),
      );
      for (const vector of proofs) {
        const proof = verifyFraudProof(hexToBytes(vector.bytes), crypto, slotOf);
        expect([proof.kind, bytesToHex(proof.author), proof.id.toString()]).toEqual([
          vector.kind,
          vector.author,
          vector.id,
        ]);
      }
    });
  }

  it('pairs end in the state given', () => {
    const { proposal, deadline, cases } = read<{
      proposal: string;
      deadline: number;
      cases: { name: string; now: number; answers: string[]; state: string; counted: string | null }[];
    }>('pairs');
    for (const { name, now, answers, state, counted } of cases) {
      const found = pairState(block(proposal), answers.map(block), { now });
      expect([found.state, found.answer?.id.toString() ?? null, found.deadline], name).toEqual([
        state,
        counted,
        deadline,
      ]);
    }
    expect(cases.length).toBe(11);
  });

  it('checkpoints have the digests given', () => {
    const vector = read<{
      chain: string[];
      first: { to: number; id: string; digest: string };
      second: { to: number; id: string; digest: string };
      block: string;
    }>('checkpoints');
    const chain = vector.chain.map(block);
    const first = checkpointDigest(undefined, chain.slice(0, 3), nodeCrypto());
    expect(bytesToHex(first)).toBe(vector.first.digest);
    expect(bytesToHex(checkpointDigest(first, chain.slice(3, 5), nodeCrypto()))).toBe(vector.second.digest);
    const [entry] = decodeCheckpoint(block(vector.block));
    expect([entry?.to, entry?.id.toString(), bytesToHex(entry?.digest ?? new Uint8Array())]).toEqual([
      vector.first.to,
      vector.first.id,
      vector.first.digest,
    ]);
  });
});
