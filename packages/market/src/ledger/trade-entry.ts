import type { Crypto, DatasetDocument, HalfBlock, PublicKey, PublicKeyHex } from '@edmp/interface';
import { compareBytes, equalBytes, publicKeyToHex } from '@edmp/interface';
import { hex } from '../codec/fields.ts';
import {
  COMPLAINT_TYPE,
  type ComplaintTx,
  decodeComplaintTx,
  decodeReferenceTx,
  decodeReleaseTx,
  decodeTradeTx,
  expectTradeParties,
  RELEASE_TYPE,
  type ReleaseTx,
  TRADE_TYPE,
  type TradeTx,
  WITHDRAWAL_TYPE,
  WITNESS_TYPE,
} from '../trade/blocks.ts';
import type { TradeBlocks } from './trade-outcome.ts';

/** The first block of each author in chain order, whatever the order of arrival. */
interface Candidate<T> {
  readonly block: HalfBlock;
  readonly tx: T;
}

/** Keys in hex. */
interface Parties {
  readonly seller: string;
  readonly buyer: string;
  readonly witnesses: ReadonlySet<string>;
}

/** Collects the blocks of one trade in any order of arrival. */
export interface TradeEntry {
  /** Who may speak in this trade, once its terms are known; blocks of others are dropped. */
  parties: Parties | undefined;
  readonly proposals: Candidate<TradeTx>[];
  readonly agreements: Candidate<TradeTx>[];
  readonly releases: Candidate<ReleaseTx>[];
  readonly receipts: Candidate<ReleaseTx>[];
  readonly complaints: Candidate<ComplaintTx>[];
  readonly withdrawals: Candidate<null>[];
  readonly witnesses: Candidate<{ readonly release: string }>[];
}

/** Most competing blocks kept per kind and trade; a stranger cannot grow an entry beyond this. */
const MAX_CANDIDATES = 16;

/** No blocks yet. */
export function tradeEntry(): TradeEntry {
  return {
    parties: undefined,
    proposals: [],
    agreements: [],
    releases: [],
    receipts: [],
    complaints: [],
    withdrawals: [],
    witnesses: [],
  };
}

function before(a: HalfBlock, b: HalfBlock): boolean {
  if (a.core.seq !== b.core.seq) return a.core.seq < b.core.seq;
  return compareBytes(a.id.bytes, b.id.bytes) < 0;
}

function addTo<T>(list: Candidate<T>[], block: HalfBlock, tx: T, mayAdd: boolean): boolean {
  if (!mayAdd || list.some((known) => known.block.id.equals(block.id))) return false;
  const at = list.findIndex((known) => before(block, known.block));
  list.splice(at < 0 ? list.length : at, 0, { block, tx });
  if (list.length > MAX_CANDIDATES) list.pop();
  return true;
}

type Role = 'seller' | 'buyer' | 'witness';

/** Whether `block` may speak in `role`; everybody may until the terms say who is who. */
function speaksAs(entry: TradeEntry, block: HalfBlock, role: Role): boolean {
  if (entry.parties === undefined) return true;
  const author = hex(block.core.key);
  return role === 'witness' ? entry.parties.witnesses.has(author) : entry.parties[role] === author;
}

function fixParties(entry: TradeEntry, trade: TradeTx): void {
  const { seller, buyer, witnesses } = trade.encoded.terms;
  entry.parties = { seller: hex(seller), buyer: hex(buyer), witnesses: new Set(witnesses.map(hex)) };
  const keep = <T>(list: Candidate<T>[], role: Role): void => {
    const kept = list.filter(({ block }) => speaksAs(entry, block, role));
    list.splice(0, list.length, ...kept);
  };
  keep(entry.releases, 'seller');
  keep(entry.receipts, 'buyer');
  keep(entry.complaints, 'buyer');
  keep(entry.withdrawals, 'buyer');
  keep(entry.witnesses, 'witness');
}

/** The trade that a block is about (digest bytes) and how to add it to that trade's entry. Throws what the decoders throw; undefined for other types. */
export function tradeBlock(
  block: HalfBlock,
  crypto: Pick<Crypto, 'sha256'>,
): { readonly trade: Uint8Array; readonly addTo: (entry: TradeEntry) => boolean } | undefined {
  const { type, link, tx } = block.core;
  switch (type) {
    case TRADE_TYPE: {
      const trade = decodeTradeTx(tx, crypto);
      expectTradeParties(block, trade);
      return {
        trade: trade.encoded.digest,
        addTo: (entry) => {
          const added = addTo(link === null ? entry.proposals : entry.agreements, block, trade, true);
          if (added && entry.parties === undefined) fixParties(entry, trade);
          return added;
        },
      };
    }
    case RELEASE_TYPE: {
      const release = decodeReleaseTx(tx);
      return {
        trade: release.trade,
        addTo: (entry) =>
          link === null
            ? addTo(entry.releases, block, release, speaksAs(entry, block, 'seller'))
            : addTo(entry.receipts, block, release, speaksAs(entry, block, 'buyer')),
      };
    }
    case COMPLAINT_TYPE: {
      const complaint = decodeComplaintTx(tx, crypto);
      return {
        trade: complaint.trade,
        addTo: (entry) => addTo(entry.complaints, block, complaint, speaksAs(entry, block, 'buyer')),
      };
    }
    case WITHDRAWAL_TYPE: {
      const reference = decodeReferenceTx(tx);
      return {
        trade: reference.trade,
        addTo: (entry) => addTo(entry.withdrawals, block, null, speaksAs(entry, block, 'buyer')),
      };
    }
    case WITNESS_TYPE: {
      const reference = decodeReferenceTx(tx);
      return {
        trade: reference.trade,
        addTo: (entry) =>
          addTo(
            entry.witnesses,
            block,
            { release: reference.block.toString() },
            speaksAs(entry, block, 'witness'),
          ),
      };
    }
    default:
      return undefined;
  }
}

function by<T>(list: readonly Candidate<T>[], author: PublicKey): Candidate<T> | undefined {
  return list.find((candidate) => equalBytes(candidate.block.core.key, author));
}

/** The blocks that count, or undefined while no block says what the terms are. */
export function blocksThatCount(
  entry: TradeEntry,
  documentOf: (ask: string) => DatasetDocument | undefined,
): TradeBlocks | undefined {
  const agreed = entry.agreements[0];
  // An agreement names its proposal; without one the seller's first proposal is the trade.
  const proposed =
    agreed === undefined
      ? entry.proposals[0]
      : (entry.proposals.find(({ block }) => agreed.block.core.link?.equals(block.id) === true) ??
        entry.proposals[0]);
  const trade = agreed?.tx ?? proposed?.tx;
  if (trade === undefined) return undefined;
  const { seller, buyer, ask, witnesses } = trade.encoded.terms;
  const release = by(entry.releases, seller);
  const witnessed = new Map<PublicKeyHex, number>();
  for (const witness of witnesses) {
    const receipt = entry.witnesses.find(
      ({ block, tx }) =>
        equalBytes(block.core.key, witness) &&
        release !== undefined &&
        tx.release === release.block.id.toString(),
    );
    if (receipt !== undefined) witnessed.set(publicKeyToHex(witness), receipt.block.core.time);
  }
  return {
    trade,
    proposal: proposed?.block,
    agreement: agreed?.block,
    release,
    receipt: by(entry.receipts, buyer)?.block,
    complaint: by(entry.complaints, buyer),
    withdrawal: by(entry.withdrawals, buyer)?.block,
    witnessed,
    document: documentOf(ask.toString()),
  };
}
