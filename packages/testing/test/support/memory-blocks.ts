import { createHash } from 'node:crypto';
import {
  type ArrivedBlock,
  type BlockStore,
  bytesToHex,
  CODEC_DAG_CBOR,
  compareBytes,
  concatBytes,
  EdmpError,
  type HalfBlock,
  type HalfBlockCore,
  InvalidArgumentError,
  type PublicKey,
  publicKeyToHex,
  type Reservation,
  type SigningLease,
  utf8ToBytes,
} from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';

/** A half block in a made-up encoding: enough for stores that keep objects and never decode. */
export function fabricateBlock(core: HalfBlockCore, signature?: Uint8Array): HalfBlock {
  const text = JSON.stringify(core, (_, value) => {
    if (value instanceof Uint8Array) return bytesToHex(value);
    return CID.asCID(value)?.toString() ?? value;
  });
  const coreBytes = utf8ToBytes(text);
  const hash = new Uint8Array(createHash('sha256').update(coreBytes).digest());
  const proof = signature ?? concatBytes(hash, hash);
  return {
    id: CID.createV1(CODEC_DAG_CBOR, createDigest(0x12, hash)),
    core,
    coreBytes,
    signature: proof,
    bytes: concatBytes(coreBytes, proof),
  };
}

/** What outlives a store that persists. */
export interface Disk {
  readonly blocks: ArrivedBlock[];
  readonly proofs: { readonly author: string; readonly id: string; readonly proof: Uint8Array }[];
  readonly reservations: Map<string, Reservation[]>;
  readonly leases: Map<string, SigningLease>;
}

/** An empty {@link Disk}. */
export const emptyDisk = (): Disk => ({
  blocks: [],
  proofs: [],
  reservations: new Map(),
  leases: new Map(),
});

/** Longest lease, ms; one that ends later was taken by a clock that was wrong. */
const HOUR = 3_600_000;

/** The plainest store that passes `blockStoreSuite`. */
export function listBlockStore(disk: Disk): BlockStore {
  const of = (author: PublicKey): HalfBlock[] =>
    disk.blocks
      .map(({ block }) => block)
      .filter(({ core }) => publicKeyToHex(core.key) === publicKeyToHex(author))
      .sort((a, b) => a.core.seq - b.core.seq || compareBytes(a.id.bytes, b.id.bytes));
  const at = (author: PublicKey, seq: number): HalfBlock[] =>
    of(author).filter(({ core }) => core.seq === seq);
  const find = (id: CID): HalfBlock | undefined =>
    disk.blocks.find(({ block }) => block.id.equals(id))?.block;
  const answers = (id: CID, author: PublicKey | undefined): ArrivedBlock[] =>
    disk.blocks.filter(
      ({ block: { core } }) =>
        core.link?.equals(id) === true &&
        (author === undefined || publicKeyToHex(author) === publicKeyToHex(core.key)),
    );
  const reservations = (author: PublicKey): readonly Reservation[] =>
    disk.reservations.get(publicKeyToHex(author)) ?? [];
  return {
    async put(blocks) {
      let added = 0;
      for (const block of blocks) {
        if (find(block.id) !== undefined) continue;
        disk.blocks.push({ block, arrival: disk.blocks.length + 1 });
        added++;
      }
      return added;
    },
    get: async (id) => find(id),
    getMany: async (ids) => ids.map(find),
    has: async (id) => find(id) !== undefined,
    at: async (author, seq) => at(author, seq),
    range: async (author, from, to, limit) =>
      of(author)
        .filter(({ core }) => core.seq >= from && core.seq <= to)
        .slice(0, limit),
    head: async (author) => at(author, of(author).at(-1)?.core.seq ?? 0)[0],
    async neighbours(author, seq) {
      const chain = of(author);
      const previous = chain.filter(({ core }) => core.seq < seq).at(-1);
      const next = chain.find(({ core }) => core.seq > seq);
      return {
        previous: previous ? at(author, previous.core.seq) : [],
        next: next ? at(author, next.core.seq) : [],
      };
    },
    answers: async (id, { author, after = 0, limit }) =>
      answers(id, author)
        .filter(({ arrival }) => arrival > after)
        .slice(0, Math.max(0, limit)),
    answersBy: async (questions, limit) =>
      questions.map(({ link, author }) =>
        answers(link, author)
          .slice(0, Math.max(0, limit))
          .map(({ block }) => block),
      ),
    byType: async (type, { author, after = 0, limit }) =>
      disk.blocks
        .filter(({ block: { core }, arrival }) => {
          const fits = author === undefined || publicKeyToHex(author) === publicKeyToHex(core.key);
          return fits && core.type === type && arrival > after;
        })
        .slice(0, limit),
    since: async (after, limit) => disk.blocks.filter(({ arrival }) => arrival > after).slice(0, limit),
    newest: async (limit) => (limit > 0 ? disk.blocks.slice(-limit) : []),
    authors: async ({ after, limit }) => {
      const keys = new Map(disk.blocks.map(({ block: { core } }) => [publicKeyToHex(core.key), core.key]));
      const wanted = [...keys.values()].filter((key) => after === undefined || compareBytes(key, after) > 0);
      return wanted.sort(compareBytes).slice(0, limit);
    },
    count: async (author) => (author === undefined ? disk.blocks.length : of(author).length),
    positions: async (author) => new Set(of(author).map(({ core }) => core.seq)).size,
    async putProof(author, id, proof) {
      if (disk.proofs.some((known) => known.id === id.toString())) return false;
      disk.proofs.push({ author: publicKeyToHex(author), id: id.toString(), proof });
      return true;
    },
    proofs: async (author) =>
      disk.proofs.filter((known) => known.author === publicKeyToHex(author)).map(({ proof }) => proof),
    async reserve(author, ...asked) {
      const known = [...reservations(author)];
      for (const { fence, ...reservation } of asked) {
        if (disk.leases.get(publicKeyToHex(author))?.fence !== fence) {
          throw new EdmpError('ERR_STORE_FENCED', 'There is a newer lease');
        }
        if (known.some(({ seq, id }) => seq === reservation.seq && id.equals(reservation.id))) continue;
        if ([...known, ...of(author).map(({ core }) => core)].some(({ seq }) => seq >= reservation.seq)) {
          throw new EdmpError(
            'ERR_STORE_RESERVED',
            `Position ${reservation.seq} is reserved for another core`,
          );
        }
        known.push(reservation);
      }
      disk.reservations.set(publicKeyToHex(author), known);
    },
    reservation: async (author) => reservations(author).at(-1),
    unfinished: async (author) => reservations(author).filter(({ id }) => find(id) === undefined),
    async snapshot(read) {
      const { blocks, proofs } = disk;
      return read(listBlockStore({ ...disk, blocks: [...blocks], proofs: [...proofs] }));
    },
    changed: () => () => undefined,
    async lease(author, { holder, now, until }) {
      const length = until - now;
      if (
        holder === '' ||
        holder.length > 128 ||
        !(length > 0 && length <= HOUR) ||
        !Number.isInteger(until)
      ) {
        throw new InvalidArgumentError('No such lease');
      }
      const key = publicKeyToHex(author);
      const known = disk.leases.get(key);
      const lasts = known !== undefined && known.until > now && known.until <= now + HOUR;
      if (lasts && known.holder !== holder) return undefined;
      const fence = known?.holder === holder ? known.fence : (known?.fence ?? 0) + 1;
      const lease = { author, holder, fence, until };
      disk.leases.set(key, lease);
      return lease;
    },
    async endLease(lease) {
      const key = publicKeyToHex(lease.author);
      if (disk.leases.get(key)?.fence === lease.fence) disk.leases.set(key, { ...lease, until: 0 });
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    async close() {},
  };
}
