import { type BlockId, equalBytes, type HalfBlock, type Reservation } from '@edmp/interface';
import { reservedError, takenError } from './errors.ts';

/** What an author has reserved. */
export interface Reservations {
  readonly latest: Reservation;
  /** The latest one and every earlier one whose block is not stored. */
  readonly open: Map<number, Reservation>;
}

/** Whether an id is there and is the other. */
export const sameId = (a: BlockId | undefined, b: BlockId): boolean =>
  a !== undefined && equalBytes(a.bytes, b.bytes);

/**
 * The reservations among `asked` that are new. Throws `ERR_STORE_RESERVED` when one of them may not be.
 *
 * @param top - Highest position at which a block of the author is stored.
 */
export function freshReservations(
  own: Reservations | undefined,
  asked: readonly Reservation[],
  stored: (id: BlockId) => HalfBlock | undefined,
  top: number,
): readonly Reservation[] {
  const fresh: Reservation[] = [];
  let latest = own?.latest.seq ?? 0;
  for (const reservation of asked) {
    const isStored = (): boolean => stored(reservation.id)?.core.seq === reservation.seq;
    if (reservation.seq > latest) {
      const { seq, prev, id, core } = reservation;
      if (top >= seq && !isStored()) throw takenError(seq, top, id.toString());
      fresh.push({ seq, prev, id, core });
      latest = reservation.seq;
      continue;
    }
    const known = fresh.find((other) => other.seq === reservation.seq) ?? own?.open.get(reservation.seq);
    if (sameId(known?.id, reservation.id)) continue;
    if (known === undefined && isStored()) continue;
    throw reservedError(
      reservation.seq,
      known?.id.toString() ?? 'an earlier block',
      reservation.id.toString(),
    );
  }
  return fresh;
}
