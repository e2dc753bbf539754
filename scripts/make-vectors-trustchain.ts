/**
 * Writes the golden vectors of half blocks, pairs, fraud proofs and checkpoints to `vectors/trustchain-*.json`;
 * `--check` compares instead.
 *
 *     node --conditions=edmp-source scripts/make-vectors-trustchain.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { encodeCanonical } from '../packages/interface/src/format/index.ts';
import {
  type BlockId,
  bytesToHex,
  type HalfBlock,
  type HalfBlockCore,
  type Signer,
  seededRandom,
  softwareSigner,
  type TxValue,
} from '../packages/interface/src/index.ts';
import {
  decodeHalfBlock,
  signHalfBlock,
  signingMessage,
  verifySignature,
} from '../packages/trustchain/src/block.ts';
import {
  doubleAnswerEvidence,
  encodeFraudProof,
  type FraudEvidence,
  forkEvidence,
  hashLinkEvidence,
  slotEvidence,
} from '../packages/trustchain/src/fraud.ts';
import { pairState } from '../packages/trustchain/src/pair.ts';
import { checkpointDigest, encodeCheckpoint } from '../packages/trustchain/src/tools.ts';

const crypto = nodeCrypto();
const hex = bytesToHex;
const START = 1_767_225_600_000;

interface Party {
  readonly secretKey: Uint8Array;
  readonly signer: Signer;
}

const party = (name: string): Party => {
  const secretKey = seededRandom(2026).fork(name).bytes(32);
  return { secretKey, signer: softwareSigner({ crypto, secretKey }) };
};
const alice = party('alice');
const bob = party('bob');
const carol = party('carol');

type Parts = Partial<Omit<HalfBlockCore, 'v' | 'key'>>;

const sign = ({ signer }: Party, parts: Parts = {}): Promise<HalfBlock> =>
  signHalfBlock(
    {
      v: 1,
      key: signer.publicKey,
      seq: 1,
      prev: null,
      peer: null,
      link: null,
      type: 'example/note',
      tx: null,
      time: START,
      ...parts,
    },
    signer,
    crypto,
  );

const present = (evidence: FraudEvidence | undefined): FraudEvidence => {
  if (evidence === undefined) throw new Error('these blocks prove nothing');
  return evidence;
};

function blockVector(name: string, author: Party, block: HalfBlock): object {
  const { core } = block;
  return {
    name,
    secretKey: hex(author.secretKey),
    key: hex(core.key),
    seq: core.seq,
    prev: core.prev?.toString() ?? null,
    peer: core.peer === null ? null : hex(core.peer),
    link: core.link?.toString() ?? null,
    type: core.type,
    txBytes: hex(encodeCanonical(core.tx)),
    time: core.time,
    core: hex(block.coreBytes),
    id: block.id.toString(),
    signed: hex(signingMessage(block.id.multihash.digest)),
    signature: hex(block.signature),
    bytes: hex(block.bytes),
  };
}

/** What makes a signed block unacceptable: the bytes, and the code that this implementation answers with. */
async function refusals(good: HalfBlock): Promise<object[]> {
  const core = good.core as unknown as { readonly [key: string]: TxValue };
  const signed = (value: TxValue): Uint8Array => encodeCanonical([value, good.signature]);
  const without = (name: string): TxValue =>
    Object.fromEntries(Object.entries(core).filter(([key]) => key !== name));
  const flip = (position: number): Uint8Array => {
    const bytes = good.bytes.slice();
    bytes[position] = (bytes[position] ?? 0) ^ 1;
    return bytes;
  };
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['empty input', new Uint8Array(0)],
    ['cut short', good.bytes.slice(0, -1)],
    ['a byte too many', Uint8Array.of(...good.bytes, 0)],
    ['signature altered', flip(good.bytes.length - 1)],
    ['core altered', flip(good.bytes.length - 90)],
    ['version 2', signed({ ...core, v: 2 })],
    ['a field is missing', signed(without('type'))],
    ['an unknown field', signed({ ...(without('type') as object), kind: 'x' })],
    ['position 0', signed({ ...core, seq: 0 })],
    ['position 1 with a previous block', signed({ ...core, seq: 1 })],
    ['no previous block at position 2', signed({ ...core, prev: null })],
    ['a key of 31 bytes', signed({ ...core, key: new Uint8Array(31) })],
    ['upper-case type', signed({ ...core, type: 'Note' })],
    ['a refusal of nothing', signed({ ...core, type: 'tc/refuse', link: null })],
    ['negative time', signed({ ...core, time: -1 })],
    ['a signature of 63 bytes', encodeCanonical([core, good.signature.slice(1)])],
    ['three items', encodeCanonical([core, good.signature, null])],
    ['a float in the transaction', replaceTx(good, Uint8Array.of(0xf9, 0x3c, 0x00))],
    ['a non-minimal integer', replaceTx(good, Uint8Array.of(0x18, 0x05))],
    ['an indefinite list', replaceTx(good, Uint8Array.of(0x9f, 0xff))],
    ['keys out of order', replaceTx(good, Uint8Array.of(0xa2, 0x61, 0x62, 0, 0x61, 0x61, 0))],
    ['a key twice', replaceTx(good, Uint8Array.of(0xa2, 0x61, 0x61, 0, 0x61, 0x61, 0))],
    ['undefined', replaceTx(good, Uint8Array.of(0xf7))],
    ['text that is not UTF-8', replaceTx(good, Uint8Array.of(0x61, 0xff))],
    ['another tag than 42', replaceTx(good, Uint8Array.of(0xc1, 0x00))],
    ['lists nested 33 deep', replaceTx(good, new Uint8Array(33).fill(0x81, 0, 32))],
  ];
  return cases.map(([name, bytes]) => ({ name, bytes: hex(bytes), code: codeOf(bytes) }));
}

/** The block with its transaction's bytes (null, one byte) replaced; the core's map begins `a9 61 76 01 62 74 78`. */
function replaceTx(block: HalfBlock, tx: Uint8Array): Uint8Array {
  const at = 8;
  if (block.bytes[at] !== 0xf6) throw new Error('expected a null transaction');
  return Uint8Array.of(...block.bytes.slice(0, at), ...tx, ...block.bytes.slice(at + 1));
}

function codeOf(bytes: Uint8Array): string {
  try {
    if (verifySignature(decodeHalfBlock(bytes, crypto), crypto)) throw new Error('was accepted');
    return 'ERR_BLOCK_SIGNATURE';
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

async function blocks(): Promise<object> {
  const first = await sign(alice);
  const second = await sign(alice, { seq: 2, prev: first.id, time: START + 1 });
  const rich = {
    amount: 12_345_678_901_234_567_890n,
    big: 9_007_199_254_740_991,
    bytes: Uint8Array.of(0, 1, 254, 255),
    flags: [true, false, null],
    link: first.id,
    nested: { '': -1, é: 'café', '😀': [[]] },
  };
  const proposal = await sign(alice, {
    seq: 3,
    prev: second.id,
    peer: bob.signer.publicKey,
    type: 'example/deal',
    tx: rich,
  });
  const agreement = await sign(bob, {
    peer: alice.signer.publicKey,
    link: proposal.id,
    type: 'example/deal',
    tx: rich,
  });
  const self = await sign(bob, { seq: 2, prev: agreement.id, peer: bob.signer.publicKey });
  return {
    blocks: [
      blockVector('source block, first of its chain', alice, first),
      blockVector('source block, second of its chain', alice, second),
      blockVector('proposal with every kind of value', alice, proposal),
      blockVector('agreement', bob, agreement),
      blockVector('block to oneself', bob, self),
    ],
    refused: await refusals(second),
  };
}

async function pairs(): Promise<object> {
  const deadline = START + 1_000;
  const proposal = await sign(alice, { peer: bob.signer.publicKey, type: 'example/deal', tx: { deadline } });
  const answer = (from: Party, parts: Parts): Promise<HalfBlock> =>
    sign(from, {
      peer: alice.signer.publicKey,
      link: proposal.id,
      type: 'example/deal',
      tx: { deadline },
      ...parts,
    });
  const agreement = await answer(bob, { time: deadline });
  const refusal = await answer(bob, { type: 'tc/refuse', tx: { reason: 'no' } });
  const later = await answer(bob, {
    type: 'tc/refuse',
    tx: { reason: 'no' },
    seq: 2,
    prev: agreement.id,
    time: deadline + 1,
  });
  const withdraw = (time: number): Promise<HalfBlock> =>
    sign(alice, {
      seq: 2,
      prev: proposal.id,
      peer: bob.signer.publicKey,
      link: proposal.id,
      type: 'tc/withdraw',
      tx: { reason: 'nobody came' },
      time,
    });
  const cases: readonly (readonly [string, readonly HalfBlock[], number])[] = [
    ['no answer, before the deadline', [], deadline],
    ['no answer, after the deadline', [], deadline + 1],
    ['agreement at the deadline', [agreement], deadline + 5],
    ['agreement after the deadline', [await answer(bob, { time: deadline + 1 })], deadline + 5],
    ['agreement with another transaction', [await answer(bob, { tx: { deadline: deadline + 1 } })], deadline],
    ['agreement of another type', [await answer(bob, { type: 'example/other' })], deadline],
    ["a stranger's agreement", [await answer(carol, {})], deadline],
    ['refusal', [refusal], deadline],
    ['withdrawal after the deadline', [await withdraw(deadline + 1)], deadline + 5],
    ['withdrawal at the deadline', [await withdraw(deadline)], deadline],
    ['agreement and refusal (fraud): the agreement binds', [later, agreement], deadline + 5],
  ];
  return {
    proposal: hex(proposal.bytes),
    deadline,
    cases: cases.map(([name, answers, now]) => {
      const { state, answer: counted } = pairState(proposal, answers, { now });
      return {
        name,
        now,
        answers: answers.map((block) => hex(block.bytes)),
        state,
        counted: counted?.id.toString() ?? null,
      };
    }),
  };
}

async function proofs(): Promise<object> {
  const one = await sign(alice, { tx: 1 });
  const two = await sign(alice, { tx: 2 });
  const stray = await sign(alice, { seq: 2, prev: two.id });
  const spend = await sign(alice, { type: 'example/spend', tx: { n: 7 } });
  const afar = await sign(alice, { seq: 3, prev: one.id, type: 'example/transfer', tx: { n: 7 } });
  const proposal = await sign(alice, { peer: bob.signer.publicKey, tx: 3 });
  const agreement = await sign(bob, { peer: alice.signer.publicKey, link: proposal.id, tx: 3 });
  const refusal = await sign(bob, {
    seq: 2,
    prev: agreement.id,
    peer: alice.signer.publicKey,
    link: proposal.id,
    type: 'tc/refuse',
    tx: { reason: 'no' },
  });
  return {
    proofs: [
      present(forkEvidence(two, one)),
      present(hashLinkEvidence(one, stray)),
      present(doubleAnswerEvidence(proposal, [refusal, agreement])),
      present(hashLinkEvidence(one, afar)),
      present(slotEvidence(afar, spend)),
    ].map((evidence) => {
      const proof = encodeFraudProof(evidence, crypto);
      return {
        kind: proof.kind,
        author: hex(proof.author),
        id: proof.id.toString(),
        bytes: hex(proof.bytes),
      };
    }),
  };
}

async function checkpoints(): Promise<object> {
  const chain: HalfBlock[] = [];
  let prev: BlockId | null = null;
  for (let seq = 1; seq <= 6; seq++) {
    const block: HalfBlock = await sign(alice, { seq, prev, tx: seq, time: START + seq });
    chain.push(block);
    prev = block.id;
  }
  const kept = chain[3] as HalfBlock;
  const later = chain[5] as HalfBlock;
  const first = checkpointDigest(undefined, chain.slice(0, 3), crypto);
  const second = checkpointDigest(first, chain.slice(3, 5), crypto);
  const tx = encodeCheckpoint([{ author: alice.signer.publicKey, to: 4, id: kept.id, digest: first }]);
  const block = await sign(bob, { peer: bob.signer.publicKey, type: 'tc/checkpoint', tx });
  return {
    chain: chain.map((one) => hex(one.bytes)),
    first: { to: 4, id: kept.id.toString(), digest: hex(first) },
    second: { to: 6, id: later.id.toString(), digest: hex(second) },
    block: hex(block.bytes),
  };
}

const files: Readonly<Record<string, object>> = {
  'trustchain-blocks.json': await blocks(),
  'trustchain-pairs.json': await pairs(),
  'trustchain-proofs.json': await proofs(),
  'trustchain-checkpoints.json': await checkpoints(),
};
const folder = join(import.meta.dirname, '..', 'vectors');
for (const [name, content] of Object.entries(files)) {
  const text = `${JSON.stringify(content, undefined, 2)}\n`;
  const path = join(folder, name);
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text);
  } else if (readFileSync(path, 'utf8') !== text) {
    process.stderr.write(`${name} differs from what the code makes\n`);
    process.exitCode = 1;
  }
}
