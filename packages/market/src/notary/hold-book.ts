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
  textOf,
} from '../codec/fields.ts';
import { orNull } from '../codec/optional.ts';
import type { SignedProof } from './answers.ts';
import { MAX_CERTIFICATE_BYTES } from './certificate.ts';
import { decodeHoldRow, encodeHoldRow, type HoldRow } from './hold-row.ts';
import { paidAfter } from './hold-rules.ts';
import { MAX_PROOF_BYTES, MAX_REQUEST_BYTES } from './limits.ts';
import { type ComplaintEvidence, complaintOf, complaintToTx } from './messages.ts';
import { RELEASE_CLASSES, type ReleaseClass, ReleaseRoom } from './release-room.ts';
import { TestHolds } from './test-holds.ts';

const ROW = 'notary/hold/';
const RELEASE = 'notary/release/';
const COMPLAINT = 'notary/complaint/';
const UNFOUNDED = 'notary/unfounded/';
/** Rows read at once when the store is opened. */
const PAGE = 1_000;
/** Holds of test money forgotten in one write. */
const FORGOTTEN_AT_ONCE = 500;
/** Longest name of a share, UTF-16 units: a key in hex or the id of a currency. */
const MAX_SHARE_NAME = 64;

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
  /** In whose share: the currency of a guest, the peer that brought test money. */
  readonly by: string;
}

/** A complaint that the other witnesses still have to hear of; deleted when its rounds are over. */
export interface KeptComplaint {
  readonly hold: Uint8Array;
  readonly certificate: Uint8Array | null;
  readonly complaint: ComplaintEvidence;
  readonly money: ReleaseClass;
  readonly by: string;
}

/** A complaint that proved nothing, kept for the seller that it was about; it may open data. */
export interface UnfoundedComplaint extends SignedProof {
  /** When it is destroyed, ms. */
  readonly dropAt: number;
  readonly money: ReleaseClass;
  readonly by: string;
}

/** What one commit writes together. */
export interface HoldCommit {
  readonly row: HoldRow;
  /** In whose share a new hold of test money is: the peer that asked. Of a known hold it says nothing. */
  readonly by: string;
  readonly release?: KeptRelease;
  readonly complaint?: KeptComplaint;
  readonly unfounded?: UnfoundedComplaint;
}

/** The durable half of the witness: a row for every hold it has said something about, and the releases it keeps. */
export class HoldBook {
  readonly #store: KeyValueStore;
  readonly #deltaMs: number;
  /** Releases kept. */
  readonly releases: ReleaseRoom = new ReleaseRoom();
  /** Complaints kept until the other witnesses have heard of them. */
  readonly complaints: ReleaseRoom = new ReleaseRoom();
  /** Unfounded complaints kept for sellers. */
  readonly unfounded: ReleaseRoom = new ReleaseRoom();
  /** Holds of test money that have a row. */
  readonly testHolds: TestHolds;

  constructor(store: KeyValueStore, deltaMs: number) {
    this.#store = store;
    this.#deltaMs = deltaMs;
    this.testHolds = new TestHolds(store);
  }

  /** Counts what the store keeps. */
  async open(): Promise<void> {
    await this.testHolds.open();
    await this.#scan(RELEASE, (name, value) => {
      const { dropAt, money, by } = decodeKeptRelease(value);
      const hold = blockIdOf(CID.parse(name), 'kept release');
      this.releases.add(name, { hold, bytes: value.length, dropAt, money, by });
    });
    await this.#scan(COMPLAINT, (name, value) => {
      const { money, by } = decodeKeptComplaint(value);
      const hold = blockIdOf(CID.parse(name), 'kept complaint');
      this.complaints.add(name, { hold, bytes: value.length, dropAt: 0, money, by });
    });
    await this.#scan(UNFOUNDED, (name, value) => {
      const { dropAt, money, by } = decodeUnfounded(value);
      const hold = blockIdOf(CID.parse(name), 'unfounded complaint');
      this.unfounded.add(name, { hold, bytes: value.length, dropAt, money, by });
    });
    await this.#scan(TestHolds.prefix, (name, value) => this.testHolds.set(name, this.testHolds.read(value)));
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

  async unfoundedComplaint(hold: BlockId): Promise<UnfoundedComplaint | undefined> {
    const bytes = await this.#store.get(UNFOUNDED + hold.toString());
    return bytes === undefined ? undefined : decodeUnfounded(bytes);
  }

  /** The commit point: what is in the row may be said when the promise has resolved. */
  async commit(commit: HoldCommit): Promise<void> {
    const { row, release, complaint, unfounded } = commit;
    const name = row.hold.toString();
    const changes: KeyValueChange[] = [[ROW + name, encodeHoldRow(row)]];
    const kept = release === undefined ? undefined : encodeKeptRelease(release);
    const told = complaint === undefined ? undefined : encodeKeptComplaint(complaint);
    if (kept !== undefined) changes.push([RELEASE + name, kept]);
    if (told !== undefined) changes.push([COMPLAINT + name, told]);
    const lie = unfounded === undefined ? undefined : encodeUnfounded(unfounded);
    if (lie !== undefined) changes.push([UNFOUNDED + name, lie]);
    const testHold =
      row.currency === null ? { end: paidAfter(row, this.#deltaMs), by: commit.by } : undefined;
    if (testHold !== undefined) changes.push(this.testHolds.change(name, testHold));
    await this.#store.setMany(changes);
    if (testHold !== undefined) this.testHolds.set(name, testHold);
    if (kept !== undefined && release !== undefined) {
      const { dropAt, money, by } = release;
      this.releases.add(name, { hold: row.hold, bytes: kept.length, dropAt, money, by });
    }
    if (told !== undefined && complaint !== undefined) {
      const { money, by } = complaint;
      this.complaints.add(name, { hold: row.hold, bytes: told.length, dropAt: 0, money, by });
    }
    if (lie !== undefined && unfounded !== undefined) {
      const { dropAt, money, by } = unfounded;
      this.unfounded.add(name, { hold: row.hold, bytes: lie.length, dropAt, money, by });
    }
  }

  /** Forgets holds of test money with everything that is kept of them. */
  async forgetTestHolds(names: readonly string[]): Promise<void> {
    for (let at = 0; at < names.length; at += FORGOTTEN_AT_ONCE) {
      const batch = names.slice(at, at + FORGOTTEN_AT_ONCE);
      await this.#store.setMany([
        ...this.testHolds.forgetting(batch),
        ...batch.flatMap((name): KeyValueChange[] => [
          [ROW + name, null],
          [RELEASE + name, null],
          [COMPLAINT + name, null],
          [UNFOUNDED + name, null],
        ]),
      ]);
      this.testHolds.forget(batch);
      for (const name of batch) {
        this.releases.remove(name);
        this.complaints.remove(name);
        this.unfounded.remove(name);
      }
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
    const name = hold.toString();
    await this.#store.delete(COMPLAINT + name);
    this.complaints.remove(name);
  }

  /** Destroys an unfounded complaint whose time is over. */
  async dropUnfounded(hold: BlockId): Promise<void> {
    const name = hold.toString();
    await this.#store.delete(UNFOUNDED + name);
    this.unfounded.remove(name);
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
  const { hold, certificate, block, opener, dropAt, money, by } = release;
  return encodeCanonical({ v: 2, hold, certificate, block, opener, dropAt, money, by });
}

function decodeKeptRelease(bytes: Uint8Array): KeptRelease {
  const where = 'kept release';
  const fields = mapOf(
    decodeCanonical(bytes, MAX_REQUEST_BYTES, where),
    ['v', 'hold', 'certificate', 'block', 'opener', 'dropAt', 'money', 'by'],
    where,
  );
  integerOf(fields.v, 2, 2, where);
  return {
    hold: boundedBytesOf(fields.hold, MAX_REQUEST_BYTES, where),
    certificate: orNull(fields.certificate, (item) => boundedBytesOf(item, MAX_CERTIFICATE_BYTES, where)),
    block: boundedBytesOf(fields.block, MAX_REQUEST_BYTES, where),
    opener: bytesOf(fields.opener, 32, where),
    dropAt: integerOf(fields.dropAt, 0, Number.MAX_SAFE_INTEGER, where),
    money: oneOf(fields.money, RELEASE_CLASSES, where),
    by: textOf(fields.by, MAX_SHARE_NAME, where),
  };
}

function encodeKeptComplaint({ hold, certificate, complaint, money, by }: KeptComplaint): Uint8Array {
  return encodeCanonical({ v: 2, hold, certificate, complaint: complaintToTx(complaint), money, by });
}

function decodeKeptComplaint(bytes: Uint8Array): KeptComplaint {
  const where = 'kept complaint';
  const fields = mapOf(
    decodeCanonical(bytes, 2 * MAX_REQUEST_BYTES, where),
    ['v', 'hold', 'certificate', 'complaint', 'money', 'by'],
    where,
  );
  integerOf(fields.v, 2, 2, where);
  return {
    hold: boundedBytesOf(fields.hold, MAX_REQUEST_BYTES, where),
    certificate: orNull(fields.certificate, (item) => boundedBytesOf(item, MAX_CERTIFICATE_BYTES, where)),
    complaint: complaintOf(fields.complaint, where),
    money: oneOf(fields.money, RELEASE_CLASSES, where),
    by: textOf(fields.by, MAX_SHARE_NAME, where),
  };
}

function encodeUnfounded({ proof, signature, dropAt, money, by }: UnfoundedComplaint): Uint8Array {
  return encodeCanonical({ v: 1, proof, signature, dropAt, money, by });
}

function decodeUnfounded(bytes: Uint8Array): UnfoundedComplaint {
  const where = 'unfounded complaint';
  const fields = mapOf(
    decodeCanonical(bytes, MAX_REQUEST_BYTES, where),
    ['v', 'proof', 'signature', 'dropAt', 'money', 'by'],
    where,
  );
  integerOf(fields.v, 1, 1, where);
  return {
    proof: boundedBytesOf(fields.proof, MAX_PROOF_BYTES, where),
    signature: bytesOf(fields.signature, 64, where),
    dropAt: integerOf(fields.dropAt, 0, Number.MAX_SAFE_INTEGER, where),
    money: oneOf(fields.money, RELEASE_CLASSES, where),
    by: textOf(fields.by, MAX_SHARE_NAME, where),
  };
}
