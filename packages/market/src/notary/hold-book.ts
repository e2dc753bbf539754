import type { BlockId, KeyValueChange, KeyValueStore } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import {
  blockIdOf,
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';
import { orNull } from '../codec/optional.ts';
import { MAX_CERTIFICATE_BYTES } from './certificate.ts';
import { decodeHoldRow, encodeHoldRow, type HoldRow } from './hold-row.ts';
import { MAX_REQUEST_BYTES } from './limits.ts';
import { type ComplaintEvidence, complaintOf, complaintToTx } from './messages.ts';
import { RELEASE_CLASSES, type ReleaseClass, ReleaseRoom } from './release-room.ts';

const ROW = 'notary/hold/';
const RELEASE = 'notary/release/';
const COMPLAINT = 'notary/complaint/';
const TEST = 'notary/test-hold/';
/** Rows read at once when the store is opened. */
const PAGE = 1_000;

/** A release that a witness keeps, with what another witness needs to take it. */
export interface KeptRelease {
  readonly hold: Uint8Array;
  /** Spend certificate of the hold; null in test money. */
  readonly certificate: Uint8Array | null;
  readonly block: Uint8Array;
  readonly opener: Uint8Array;
  /** When it may be dropped, ms. */
  readonly dropAt: number;
  /** Whose money it is about: what room it takes. */
  readonly money: ReleaseClass;
}

/** A complaint that the other witnesses still have to hear of; deleted when its rounds are over. */
export interface KeptComplaint {
  readonly hold: Uint8Array;
  readonly certificate: Uint8Array | null;
  readonly complaint: ComplaintEvidence;
}

/** What one commit writes together. */
export interface HoldCommit {
  readonly row: HoldRow;
  readonly release?: KeptRelease;
  readonly complaint?: KeptComplaint;
}

/** The durable half of the witness: a row for every hold it has said something about, and the releases it keeps. */
export class HoldBook {
  readonly #store: KeyValueStore;
  /** Releases kept. */
  readonly releases: ReleaseRoom = new ReleaseRoom();
  #testHolds = 0;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Counts what the store keeps. */
  async open(): Promise<void> {
    await this.#scan(RELEASE, (name, value) => {
      const { dropAt, money } = decodeKeptRelease(value);
      const hold = blockIdOf(CID.parse(name), 'kept release');
      this.releases.add(name, { hold, bytes: value.length, dropAt, money });
    });
    await this.#scan(TEST, () => {
      this.#testHolds++;
    });
  }

  /** Holds of test money that have a row. */
  get testHolds(): number {
    return this.#testHolds;
  }

  async row(hold: BlockId): Promise<HoldRow | undefined> {
    const bytes = await this.#store.get(ROW + hold.toString());
    return bytes === undefined ? undefined : decodeHoldRow(bytes);
  }

  async release(hold: BlockId): Promise<KeptRelease | undefined> {
    const bytes = await this.#store.get(RELEASE + hold.toString());
    return bytes === undefined ? undefined : decodeKeptRelease(bytes);
  }

  async complaint(hold: BlockId): Promise<KeptComplaint | undefined> {
    const bytes = await this.#store.get(COMPLAINT + hold.toString());
    return bytes === undefined ? undefined : decodeKeptComplaint(bytes);
  }

  /** Holds with a complaint that is still told. */
  async complaints(): Promise<readonly BlockId[]> {
    const holds: BlockId[] = [];
    await this.#scan(COMPLAINT, (name) => holds.push(blockIdOf(CID.parse(name), 'kept complaint')));
    return holds;
  }

  /** The commit point: what is in the row may be said when the promise has resolved. `isNew`: no row was there. */
  async commit(commit: HoldCommit, isNew: boolean): Promise<void> {
    const { row, release, complaint } = commit;
    const name = row.hold.toString();
    const changes: KeyValueChange[] = [[ROW + name, encodeHoldRow(row)]];
    const kept = release === undefined ? undefined : encodeKeptRelease(release);
    if (kept !== undefined) changes.push([RELEASE + name, kept]);
    if (complaint !== undefined) changes.push([COMPLAINT + name, encodeKeptComplaint(complaint)]);
    const counted = isNew && row.currency === null;
    if (counted) changes.push([TEST + name, new Uint8Array(0)]);
    await this.#store.setMany(changes);
    if (counted) this.#testHolds++;
    if (kept !== undefined && release !== undefined) {
      const { dropAt, money } = release;
      this.releases.add(name, { hold: row.hold, bytes: kept.length, dropAt, money });
    }
  }

  /** Forgets a release that nobody can need any more. */
  async dropRelease(hold: BlockId): Promise<void> {
    const name = hold.toString();
    await this.#store.delete(RELEASE + name);
    this.releases.remove(name);
  }

  /** Destroys a complaint, whose proof may open a chunk of readings. */
  async dropComplaint(hold: BlockId): Promise<void> {
    await this.#store.delete(COMPLAINT + hold.toString());
  }

  async #scan(prefix: string, take: (name: string, value: Uint8Array) => void): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#store.range(prefix, {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const [key, value] of page) take(key.slice(prefix.length), value);
      after = page.at(-1)?.[0];
      if (page.length < PAGE || after === undefined) return;
    }
  }
}

function encodeKeptRelease(release: KeptRelease): Uint8Array {
  const { hold, certificate, block, opener, dropAt, money } = release;
  return encodeCanonical({ v: 1, hold, certificate, block, opener, dropAt, money });
}

function decodeKeptRelease(bytes: Uint8Array): KeptRelease {
  const where = 'kept release';
  const fields = mapOf(
    decodeCanonical(bytes, MAX_REQUEST_BYTES, where),
    ['v', 'hold', 'certificate', 'block', 'opener', 'dropAt', 'money'],
    where,
  );
  integerOf(fields.v, 1, 1, where);
  return {
    hold: boundedBytesOf(fields.hold, MAX_REQUEST_BYTES, where),
    certificate: orNull(fields.certificate, (item) => boundedBytesOf(item, MAX_CERTIFICATE_BYTES, where)),
    block: boundedBytesOf(fields.block, MAX_REQUEST_BYTES, where),
    opener: bytesOf(fields.opener, 32, where),
    dropAt: integerOf(fields.dropAt, 0, Number.MAX_SAFE_INTEGER, where),
    money: oneOf(fields.money, RELEASE_CLASSES, where),
  };
}

function encodeKeptComplaint({ hold, certificate, complaint }: KeptComplaint): Uint8Array {
  return encodeCanonical({ v: 1, hold, certificate, complaint: complaintToTx(complaint) });
}

function decodeKeptComplaint(bytes: Uint8Array): KeptComplaint {
  const where = 'kept complaint';
  const fields = mapOf(
    decodeCanonical(bytes, 2 * MAX_REQUEST_BYTES, where),
    ['v', 'hold', 'certificate', 'complaint'],
    where,
  );
  integerOf(fields.v, 1, 1, where);
  return {
    hold: boundedBytesOf(fields.hold, MAX_REQUEST_BYTES, where),
    certificate: orNull(fields.certificate, (item) => boundedBytesOf(item, MAX_CERTIFICATE_BYTES, where)),
    complaint: complaintOf(fields.complaint, where),
  };
}
