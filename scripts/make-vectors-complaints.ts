/**
 * Writes the golden vectors of complaints, of proofs that a buyer lied and of their seals to `vectors/complaints.json`;
 * `--check` compares instead.
 *
 *     node --conditions=edmp-source scripts/make-vectors-complaints.ts [--check]
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeProof, judgeProof } from '../packages/data-settlement/src/proof.ts';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { complaintMessage, encodeDatasetDocument } from '../packages/interface/src/dataset/index.ts';
import {
  type BlockId,
  bytesToHex,
  type HalfBlock,
  type JudgedTrade,
  type PublicKey,
  type Signer,
  seededRandom,
  softwareSigner,
  type TxValue,
} from '../packages/interface/src/index.ts';
import { DUM1 } from '../packages/market/src/asset/currency.ts';
import { price } from '../packages/market/src/asset/price.ts';
import { lockKey, releaseToTx } from '../packages/market/src/blocks/release.ts';
import { holdToTx } from '../packages/market/src/blocks/spending.ts';
import { encodeTerms } from '../packages/market/src/blocks/terms.ts';
import { tradeProposalToTx } from '../packages/market/src/blocks/trade.ts';
import { RELEASE_TYPE, TRADE_TYPE } from '../packages/market/src/blocks/types.ts';
import { encodeCanonical } from '../packages/market/src/codec/fields.ts';
import { signedProofToTx } from '../packages/market/src/notary/answers.ts';
import {
  complaintBinding,
  keptBinding,
  keptRequestMessage,
  type SealBinding,
  sealingKeyMessage,
  sealTo,
} from '../packages/market/src/notary/complaint-seal.ts';
import {
  encodeFalseComplaint,
  judgeFalseComplaintProof,
} from '../packages/market/src/notary/false-complaint.ts';
import { type ComplaintEvidence, complaintToTx } from '../packages/market/src/notary/messages.ts';
import { signHalfBlock } from '../packages/trustchain/src/block.ts';
import { type Sealed, sealed } from './make-vectors-settlement.ts';

const crypto = nodeCrypto();
const hex = bytesToHex;
const START = 1_767_225_600_000;
const RELEASE = START + 660_000;
const COMPLAIN = START + 4_260_000;
const OPENER: Uint8Array = seededRandom(2027).fork('opener').bytes(32);

type Complaint = Extract<ComplaintEvidence, { kind: 'proof' }>;

interface Party {
  readonly secretKey: Uint8Array;
  readonly signer: Signer;
  readonly key: PublicKey;
}

function party(name: string): Party {
  const secretKey = seededRandom(2027).fork(name).bytes(32);
  const signer = softwareSigner({ crypto, secretKey });
  return { secretKey, signer, key: signer.publicKey };
}

const [seller, buyer, witness] = [party('seller'), party('buyer'), party('witness')];

function block(
  by: Party,
  type: string,
  tx: TxValue,
  parts: {
    readonly peer: PublicKey;
    readonly seq: number;
    readonly prev: BlockId | null;
    readonly link?: BlockId;
  },
): Promise<HalfBlock> {
  const { peer, seq, prev, link = null } = parts;
  const core = { v: 1, key: by.key, seq, prev, peer, link, type, time: START + seq, tx } as const;
  return signHalfBlock(core, by.signer, crypto);
}

/** A deal up to its release, with one more release of the same hold whose key is altered. */
interface Deal {
  readonly made: Sealed;
  readonly proposal: HalfBlock;
  readonly hold: HalfBlock;
  readonly releases: { readonly right: HalfBlock; readonly wrong: HalfBlock };
  readonly wrongKey: Uint8Array;
}

async function deal(seed: number, suite = 'x-wing'): Promise<Deal> {
  const some = await block(seller, TRADE_TYPE, { v: 1 }, { peer: buyer.key, seq: 1, prev: null });
  const termsOf = (asset: string, recipientKey: Uint8Array) =>
    encodeTerms(
      {
        ask: some.id,
        bid: some.id,
        seller: seller.key,
        buyer: buyer.key,
        asset,
        quantity: 1,
        price: price(DUM1.id, 10),
        amount: 10n,
        deadlines: { accept: START + 60_000, release: RELEASE, complain: COMPLAIN },
        suite,
        recipient: crypto.sha256(recipientKey),
        witnesses: [witness.key],
        nonce: new Uint8Array(16).fill(seed),
      },
      crypto,
    );
  const made = await sealed(seed, {
    seller: seller.key,
    buyer: buyer.key,
    tradeId: (asset, recipientKey) => termsOf(asset, recipientKey).digest,
  });
  const { asset, recipientKey, settlementRoot, wrappedKey } = made.trade;
  const terms = termsOf(asset, recipientKey);
  const proposal = await block(seller, TRADE_TYPE, tradeProposalToTx(terms, settlementRoot), {
    peer: buyer.key,
    seq: 2,
    prev: some.id,
  });
  const money = { currency: DUM1.id, n: 1, prev: null, claims: [], pay: 10n, to: seller.key, balance: 990n };
  const hold = await block(
    buyer,
    TRADE_TYPE,
    holdToTx(money, { release: RELEASE, complain: COMPLAIN, witnesses: [witness.key] }),
    { peer: seller.key, seq: 1, prev: null, link: proposal.id },
  );
  const release = (wrapped: Uint8Array): Promise<HalfBlock> =>
    block(
      seller,
      RELEASE_TYPE,
      releaseToTx({ hold: hold.id, suite, ...lockKey(wrapped, OPENER, hold.id, crypto) }),
      { peer: buyer.key, seq: 3, prev: proposal.id },
    );
  const wrongKey = wrappedKey.with(40, (wrappedKey[40] ?? 0) ^ 1);
  return {
    made: { ...made, trade: { ...made.trade, suite } },
    proposal,
    hold,
    releases: { right: await release(wrappedKey), wrong: await release(wrongKey) },
    wrongKey,
  };
}

/** A complaint about a release, signed by its buyer. */
async function complaintOf(
  { made, proposal, releases, wrongKey }: Deal,
  about: keyof Deal['releases'],
  proof: Uint8Array,
): Promise<{ readonly facts: JudgedTrade; readonly complaint: Complaint }> {
  const facts = { ...made.trade, wrappedKey: about === 'right' ? made.trade.wrappedKey : wrongKey };
  const complaint = {
    kind: 'proof',
    proposal: proposal.bytes,
    release: releases[about].bytes,
    opener: OPENER,
    recipientKey: facts.recipientKey,
    document: encodeDatasetDocument(facts.document),
    proof,
    signature: await buyer.signer.sign(complaintMessage(crypto, facts, proof)),
  } as const;
  return { facts, complaint };
}

async function caseOf(
  name: string,
  about: Deal,
  release: keyof Deal['releases'],
  proof: Uint8Array,
  change: (complaint: Complaint) => Complaint = (complaint) => complaint,
): Promise<object> {
  const { facts, complaint } = await complaintOf(about, release, proof);
  const bytes = encodeFalseComplaint({ hold: about.hold.bytes, complaint: change(complaint) });
  const judge = (trade: JudgedTrade, shown: Uint8Array) => judgeProof(crypto, trade, shown);
  const { guilty } = judgeFalseComplaintProof(bytes, { crypto, judge });
  return {
    name,
    tradeId: hex(facts.tradeId),
    wrappedKey: hex(facts.wrappedKey),
    signed: hex(complaintMessage(crypto, facts, proof)),
    proof: hex(bytes),
    guilty,
  };
}

async function falseComplaints(): Promise<readonly object[]> {
  const one = await deal(41);
  const foreign = await deal(43, 'of-tomorrow');
  const { recipientSecret } = one.made;
  const lie = encodeProof({ kind: 'wrong-key', secretKey: recipientSecret, check: null });
  const another = (await complaintOf(await deal(42), 'right', lie)).complaint;
  const turn = (bytes: Uint8Array): Uint8Array => bytes.with(0, (bytes[0] ?? 0) ^ 1);
  return [
    await caseOf('a release that was right', one, 'right', lie),
    await caseOf('a proof that is none', one, 'right', Uint8Array.of(0)),
    await caseOf('a release that was wrong', one, 'wrong', lie),
    await caseOf(
      'a right complaint shown with a second release whose key is right',
      one,
      'wrong',
      lie,
      (all) => ({
        ...all,
        release: one.releases.right.bytes,
      }),
    ),
    await caseOf('another proof than the one that was signed', one, 'right', lie, (all) => ({
      ...all,
      proof: Uint8Array.of(0),
    })),
    await caseOf('the signature of a complaint about another deal', one, 'right', lie, (all) => ({
      ...all,
      signature: another.signature,
    })),
    await caseOf('an opener that opens nothing', one, 'right', lie, (all) => ({
      ...all,
      opener: turn(all.opener),
    })),
    await caseOf('another one-time key', one, 'right', lie, (all) => ({
      ...all,
      recipientKey: another.recipientKey,
    })),
    await caseOf('the document of another deal', one, 'right', lie, (all) => ({
      ...all,
      document: another.document,
    })),
    await caseOf('a proof of a later version', one, 'right', encodeCanonical({ v: 2, kind: 'wrong-key' })),
    await caseOf(
      'a kind of proof that nobody knows yet',
      one,
      'right',
      encodeCanonical({ v: 1, kind: 'late' }),
    ),
    await caseOf('keys wrapped in a way that nobody knows yet', foreign, 'right', lie),
  ];
}

/** What is sealed to the X-Wing key of a seed, with the randomness of the encapsulation. */
function sealVector(name: string, binding: SealBinding, plain: Uint8Array): object {
  const random = seededRandom(2028).fork(name);
  const [secretKey, randomness] = [random.bytes(32), random.bytes(64)];
  const publicKey = crypto.xWing.publicKey(secretKey);
  const environment = { randomBytes: () => randomness };
  return {
    name,
    secretKey: hex(secretKey),
    publicKey: hex(publicKey),
    randomness: hex(randomness),
    info: hex(binding.info),
    aad: hex(binding.aad),
    plain: hex(plain),
    sealed: hex(sealTo({ crypto, environment }, publicKey, binding, plain)),
  };
}

async function seals(): Promise<object> {
  const one = await deal(41);
  const proof = encodeProof({ kind: 'wrong-key', secretKey: one.made.recipientSecret, check: null });
  const { complaint } = await complaintOf(one, 'right', proof);
  const [key, from, hold] = [witness.key, buyer.key, one.hold];
  const recipient = crypto.xWing.publicKey(seededRandom(2028).fork('kept complaint').bytes(32));
  const sealing = crypto.xWing.publicKey(seededRandom(2028).fork('complaint').bytes(32));
  const request = keptRequestMessage(crypto, { key, hold: hold.id.bytes, recipient });
  return {
    witness: { secretKey: hex(witness.secretKey), key: hex(key) },
    buyer: { secretKey: hex(buyer.secretKey), key: hex(from) },
    seller: { secretKey: hex(seller.secretKey), key: hex(seller.key) },
    hold: { id: String(hold.id), idBytes: hex(hold.id.bytes), bytes: hex(hold.bytes) },
    sealingKey: {
      publicKey: hex(sealing),
      signed: hex(sealingKeyMessage(sealing)),
      signature: hex(await witness.signer.sign(sealingKeyMessage(sealing))),
    },
    request: {
      recipient: hex(recipient),
      signed: hex(request),
      signature: hex(await seller.signer.sign(request)),
    },
    sealed: [
      sealVector(
        'complaint',
        complaintBinding(crypto, { key, from, hold: hold.bytes }),
        encodeCanonical(complaintToTx(complaint)),
      ),
      sealVector(
        'kept complaint',
        keptBinding({ key, seller: seller.key, hold: hold.id.bytes }),
        encodeCanonical(signedProofToTx(complaint)),
      ),
    ],
  };
}

/** The vector file by its name. */
export async function complaintVectors(): Promise<Readonly<Record<string, string>>> {
  const vectors = { falseComplaints: await falseComplaints(), seals: await seals() };
  return { 'complaints.json': `${JSON.stringify(vectors, null, 1)}\n` };
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '..', 'vectors');
  for (const [name, content] of Object.entries(await complaintVectors())) {
    const path = join(folder, name);
    if (!process.argv.includes('--check')) writeFileSync(path, content);
    else if (readFileSync(path, 'utf8') !== content) {
      process.stderr.write(
        `vectors/${name} is not what the code makes: run scripts/make-vectors-complaints.ts\n`,
      );
      process.exitCode = 1;
    }
  }
}
