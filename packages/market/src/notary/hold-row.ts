import type { BlockId, PublicKey, TxValue } from '@edmp/interface';
import {
  blockIdOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  keyOf,
  listOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';
import { orNull } from '../codec/optional.ts';
import type { Share } from './certificate.ts';
import { MAX_SHARES } from './limits.ts';
import { sharesOf, sharesToTx } from './messages.ts';

/** What a witness has said and seen about one hold: the row that is written before every answer. */
export interface HoldRow {
  readonly hold: BlockId;
  /** The issued currency; null in test money. */
  readonly currency: BlockId | null;
  readonly buyer: PublicKey;
  readonly seller: PublicKey;
  /** The trade proposal that the hold answers. */
  readonly proposal: BlockId;
  /** Last moment of the release, ms. */
  readonly release: number;
  /** Last moment of a complaint, ms. */
  readonly complain: number;
  /** End of a complaint window that runs once more because a lone witness was down, ms; else equal to `complain`. */
  readonly until: number;
  /** All witnesses of the hold, in order. */
  readonly witnesses: readonly PublicKey[];
  /** The first choice, once for ever. */
  readonly first: { readonly kind: 'ack'; readonly release: BlockId } | { readonly kind: 'none' } | null;
  /** The second choice, once for ever. */
  readonly outcome: 'paid' | 'refund' | null;
  /** Acknowledgements of other witnesses for one release: this node’s if there is one. */
  readonly acks: { readonly release: BlockId; readonly shares: readonly Share[] } | null;
  /** `refund` statements of other witnesses. */
  readonly refunds: readonly Share[];
}

/** Largest row, bytes: seven keys, twelve shares and a few ids. */
const MAX_ROW_BYTES = 2_048;
const TIME = Number.MAX_SAFE_INTEGER;

/** Bytes of a row. */
export function encodeHoldRow(row: HoldRow): Uint8Array {
  const first: TxValue = row.first === null ? null : row.first.kind === 'none' ? 0 : row.first.release;
  return encodeCanonical({
    v: 1,
    hold: row.hold,
    currency: row.currency,
    buyer: row.buyer,
    seller: row.seller,
    proposal: row.proposal,
    release: row.release,
    complain: row.complain,
    until: row.until,
    witnesses: [...row.witnesses],
    first,
    outcome: row.outcome,
    acks: row.acks === null ? null : { release: row.acks.release, shares: sharesToTx(row.acks.shares) },
    refunds: sharesToTx(row.refunds),
  });
}

function firstOf(value: unknown): HoldRow['first'] {
  if (value === null) return null;
  return value === 0 ? { kind: 'none' } : { kind: 'ack', release: blockIdOf(value, 'hold row.first') };
}

/** Reads a row. Throws `ERR_MARKET_FORMAT`. */
export function decodeHoldRow(bytes: Uint8Array): HoldRow {
  const where = 'hold row';
  const fields = mapOf(
    decodeCanonical(bytes, MAX_ROW_BYTES, where),
    [
      'v',
      'hold',
      'currency',
      'buyer',
      'seller',
      'proposal',
      'release',
      'complain',
      'until',
      'witnesses',
      'first',
      'outcome',
      'acks',
      'refunds',
    ],
    where,
  );
  integerOf(fields.v, 1, 1, where);
  return {
    hold: blockIdOf(fields.hold, where),
    currency: orNull(fields.currency, (id) => blockIdOf(id, where)),
    buyer: keyOf(fields.buyer, where),
    seller: keyOf(fields.seller, where),
    proposal: blockIdOf(fields.proposal, where),
    release: integerOf(fields.release, 0, TIME, where),
    complain: integerOf(fields.complain, 0, TIME, where),
    until: integerOf(fields.until, 0, TIME, where),
    witnesses: listOf(fields.witnesses, MAX_SHARES, where).map((key) => keyOf(key, where)),
    first: firstOf(fields.first),
    outcome: orNull(fields.outcome, (kind) => oneOf(kind, ['paid', 'refund'] as const, where)),
    acks: orNull(fields.acks, (acks) => {
      const parts = mapOf(acks, ['release', 'shares'], where);
      return { release: blockIdOf(parts.release, where), shares: sharesOf(parts.shares, where) };
    }),
    refunds: sharesOf(fields.refunds, where),
  };
}
