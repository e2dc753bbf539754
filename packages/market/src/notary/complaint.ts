import {
  type Crypto,
  equalBytes,
  type HalfBlock,
  type JudgedTrade,
  type Judgement,
  type VerifyItem,
} from '@edmp/interface';
import { assetIdOf, complaintMessage, decodeDatasetDocument } from '@edmp/interface/dataset';
import { decodeHalfBlock, verifyItem } from '@edmp/trustchain/block';
import { releaseOf, unlockKey } from '../blocks/release.ts';
import type { Spending } from '../blocks/spending.ts';
import { checkHold, tradeProposalOf } from '../blocks/trade.ts';
import { MarketError } from '../errors.ts';
import type { ComplaintEvidence } from './messages.ts';

/** Judges a proof of misbehaviour from bytes alone: pure, and the same at every witness (DESIGN §5.3). */
export type ComplaintJudge = (trade: JudgedTrade, proof: Uint8Array) => Judgement;

/** A complaint that is well formed: what has to be signed, and the verdict once it is. */
export interface ReadComplaint {
  /** Signatures that the evidence rests on. */
  readonly items: readonly VerifyItem[];
  /** The releases by the payee that it carries: witnesses keep them in mind. */
  readonly releases: readonly HalfBlock[];
  judge(): Judgement;
}

/** The release of a hold: by its payee, to its buyer. Throws `ERR_MARKET_FORMAT` or a block error. */
export function releaseOfHold(bytes: Uint8Array, hold: Spending, crypto: Pick<Crypto, 'sha256'>): HalfBlock {
  const block = decodeHalfBlock(bytes, crypto);
  const release = releaseOf(block);
  const { key, peer } = block.core;
  const fits =
    equalBytes(release.hold.bytes, hold.id.bytes) &&
    hold.money.to !== null &&
    equalBytes(key, hold.money.to) &&
    peer !== null &&
    equalBytes(peer, hold.author);
  if (!fits) {
    throw new MarketError('ERR_MARKET_FORMAT', 'Expected a release of this hold by its payee to its buyer');
  }
  return block;
}

/**
 * The facts that a complaint is judged by, all out of signed blocks; undefined when the opener that its buyer brings does
 * not open the release. Throws `ERR_MARKET_FORMAT` or another error of the formats for what its bytes say.
 */
export function factsOfComplaint(
  complaint: Extract<ComplaintEvidence, { kind: 'proof' }>,
  hold: Spending,
  crypto: Crypto,
): {
  readonly release: HalfBlock;
  readonly proposal: HalfBlock;
  readonly facts: JudgedTrade | undefined;
} {
  const release = releaseOfHold(complaint.release, hold, crypto);
  const proposal = tradeProposalOf(decodeHalfBlock(complaint.proposal, crypto), crypto);
  checkHold(hold, proposal);
  const { terms, digest } = proposal.encoded;
  const wrappedKey = unlockKey(releaseOf(release), complaint.opener, crypto);
  if (!equalBytes(crypto.sha256(complaint.recipientKey), terms.recipient)) {
    throw new MarketError('ERR_MARKET_FORMAT', 'Expected the one-time key whose digest the terms name');
  }
  const document = decodeDatasetDocument(complaint.document);
  if (assetIdOf(document, crypto) !== terms.asset) {
    throw new MarketError('ERR_MARKET_FORMAT', 'Expected the document of the asset that was sold');
  }
  const facts =
    wrappedKey === undefined
      ? undefined
      : {
          tradeId: digest,
          asset: terms.asset,
          seller: terms.seller,
          buyer: terms.buyer,
          suite: terms.suite,
          recipientKey: complaint.recipientKey,
          document,
          settlementRoot: proposal.root,
          wrappedKey,
        };
  return { release, proposal: proposal.block, facts };
}

/** Reads a complaint about a hold. Throws `ERR_MARKET_FORMAT` or another error of the formats for what its bytes say. */
export function readComplaint(
  complaint: ComplaintEvidence,
  hold: Spending,
  judge: ComplaintJudge,
  crypto: Crypto,
): ReadComplaint {
  if (complaint.kind === 'twice') {
    const [a, b] = complaint.releases.map((bytes) => releaseOfHold(bytes, hold, crypto));
    if (a === undefined || b === undefined || equalBytes(a.id.bytes, b.id.bytes)) {
      throw new MarketError('ERR_MARKET_FORMAT', 'Expected two different releases of one hold');
    }
    return {
      items: [verifyItem(a), verifyItem(b)],
      releases: [a, b],
      judge: () => ({ guilty: true, kind: 'two-releases', reason: 'The payee released one hold twice' }),
    };
  }
  const { release, proposal, facts } = factsOfComplaint(complaint, hold, crypto);
  const items = [verifyItem(release), verifyItem(proposal)];
  const { proof, signature } = complaint;
  if (facts !== undefined) {
    items.push({ signature, message: complaintMessage(crypto, facts, proof), publicKey: hold.author });
  }
  return {
    items,
    releases: [release],
    judge() {
      // The buyer brings the opener, so one that does not fit says nothing about the seller, and is signed by nobody.
      if (facts === undefined) {
        return {
          guilty: false,
          kind: 'opener',
          reason: 'The opener does not open the release',
          undecided: true,
        };
      }
      return judge(facts, proof);
    },
  };
}
