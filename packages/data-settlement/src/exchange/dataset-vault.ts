import {
  type AbortOptions,
  type AssetId,
  type Consumption,
  type Crypto,
  concatBytes,
  type DatasetDocument,
  type Environment,
  type KeyValueStore,
  throwIfAborted,
} from '@edmp/interface';
import {
  assetIdOfBytes,
  decodeDatasetDocument,
  MAX_CHUNKS,
  MAX_DOCUMENT_BYTES,
} from '@edmp/interface/dataset';
import {
  booleanOf,
  boundedBytesOf,
  bytesOf,
  decodeBounded,
  encodeFields,
  integerOf,
  mapOf,
} from '../codec/fields.ts';
import { decodeChunk } from '../dataset/chunk.ts';
import { createDataset } from '../dataset/create.ts';
import { joinChunks } from '../dataset/describe.ts';
import { SALT_BYTES } from '../dataset/limits.ts';
import { SettlementError } from '../errors.ts';
import { CONTENT_KEY_BYTES } from '../sealing/keys.ts';
import { shredAll } from './opened-data.ts';
import { decodeSold, recordKey } from './records.ts';
import type { NewDataset, OwnedDataset, RemovedDataset } from './types.ts';

/** Chunks that are written together, each batch durably: about 1 MB as datasets are cut. */
const BATCH = 64;

/** A dataset with what sealing needs. */
export interface StoredDataset extends OwnedDataset {
  /** Content key for all buyers in `shared` mode, else null. */
  readonly sharedKey: Uint8Array | null;
  readonly dataLeaf: (index: number) => Uint8Array;
  /** All leaves of the data tree. */
  readonly leaves: () => readonly Uint8Array[];
  /** Salt ‖ encoded chunk of one index. */
  saltedChunk(index: number): Promise<Uint8Array>;
  /** Salt ‖ encoded chunk, in order, read as they are needed. */
  saltedChunks(): AsyncIterable<Uint8Array>;
}

/** Own datasets in the private key-value store. */
export interface DatasetVault {
  add(series: NewDataset, options?: AbortOptions): Promise<OwnedDataset>;
  /** Throws `ERR_SETTLEMENT_UNKNOWN_DATASET`. */
  get(asset: AssetId): Promise<StoredDataset>;
  has(asset: AssetId): Promise<boolean>;
  list(): Promise<readonly OwnedDataset[]>;
  consumption(asset: AssetId): Promise<Consumption>;
  remove(asset: AssetId): Promise<RemovedDataset>;
}

interface DatasetRecord {
  /** `false` while chunks are still being written: a crash leaves no half dataset for sale. */
  readonly ready: boolean;
  readonly document: Uint8Array;
  readonly leaves: Uint8Array;
  /** Content key for all buyers in `shared` mode, else null. */
  readonly sharedKey: Uint8Array | null;
}

const fail = (message: string): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `A stored dataset is damaged: ${message}`);

const encodeRecord = (record: DatasetRecord): Uint8Array => encodeFields({ v: 1, ...record });

function decodeRecord(bytes: Uint8Array): DatasetRecord {
  const value = decodeBounded(bytes, MAX_DOCUMENT_BYTES + 40 * MAX_CHUNKS, 'stored dataset');
  const map = mapOf(value, ['v', 'ready', 'document', 'leaves', 'sharedKey'], 'stored dataset');
  integerOf(map.v, 1, 1, 'stored dataset.v');
  return {
    ready: booleanOf(map.ready, 'stored dataset.ready'),
    document: boundedBytesOf(map.document, MAX_DOCUMENT_BYTES, 'stored dataset.document', 1),
    leaves: boundedBytesOf(map.leaves, 32 * MAX_CHUNKS, 'stored dataset.leaves', 32),
    sharedKey: map.sharedKey === null ? null : bytesOf(map.sharedKey, 32, 'stored dataset.sharedKey'),
  };
}

/** Keeps datasets in `secrets` under `settlement/dataset/` and `settlement/chunk/`. */
export function datasetVault(options: {
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly secrets: KeyValueStore;
}): DatasetVault {
  const { crypto, environment, secrets } = options;
  const writing = new Set<AssetId>();

  const read = async (asset: AssetId): Promise<DatasetRecord | undefined> => {
    const bytes = await secrets.get(recordKey.dataset(asset));
    return bytes === undefined ? undefined : decodeRecord(bytes);
  };
  const remove = async (asset: AssetId): Promise<number> => {
    const record = await read(asset);
    if (record === undefined) return 0;
    const destroyed = await shredAll(secrets, recordKey.chunks(asset));
    await shredAll(secrets, recordKey.spotCommits(asset));
    await secrets.delete(recordKey.spotShown(asset));
    // Last, so that a crash in between leaves something that the next removal or sweep finds.
    await secrets.delete(recordKey.dataset(asset));
    return destroyed + 1;
  };
  const wasSold = async (asset: AssetId): Promise<boolean> => {
    const records = await secrets.entries(recordKey.sold(new Uint8Array(0)));
    return records.some(([, bytes]) => decodeSold(bytes).trade.asset === asset);
  };
  /** Removes what a crash during `add` left behind. */
  let swept: Promise<void> | undefined;
  const sweep = (): Promise<void> => {
    swept ??= (async () => {
      const prefix = recordKey.dataset('');
      for (const [key, bytes] of await secrets.entries(prefix)) {
        const asset = key.slice(prefix.length);
        if (!writing.has(asset) && !decodeRecord(bytes).ready) await remove(asset);
      }
    })();
    return swept;
  };
  const document = (asset: AssetId, record: DatasetRecord): DatasetDocument => {
    if (assetIdOfBytes(record.document, crypto) !== asset) throw fail('its document has another asset id');
    return decodeDatasetDocument(record.document);
  };

  const get = async (asset: AssetId): Promise<StoredDataset> => {
    const record = await read(asset);
    if (record === undefined || !record.ready) {
      throw new SettlementError(
        'ERR_SETTLEMENT_UNKNOWN_DATASET',
        `This node does not hold the data of ${asset}: add the dataset first`,
        { details: { asset } },
      );
    }
    const held = document(asset, record);
    const saltedChunk = async (index: number): Promise<Uint8Array> => {
      const chunk = await secrets.get(recordKey.chunk(asset, index));
      if (chunk === undefined) throw fail(`chunk ${index} of ${asset} is gone`);
      return chunk;
    };
    const leafAt = (index: number): Uint8Array => record.leaves.subarray(32 * index, 32 * index + 32);
    return {
      asset,
      document: held,
      sharedKey: record.sharedKey,
      dataLeaf: leafAt,
      leaves: () => Array.from({ length: held.chunks }, (_, i) => leafAt(i)),
      saltedChunk,
      async *saltedChunks() {
        for (let i = 0; i < held.chunks; i++) yield await saltedChunk(i);
      },
    };
  };

  return {
    get,
    async add({ descriptor, consumption, mode }, addOptions = {}) {
      await sweep();
      throwIfAborted(addOptions.signal);
      const dataset = createDataset({
        descriptor,
        consumption,
        crypto,
        random: (length) => environment.randomBytes(length),
      });
      const { asset } = dataset;
      // The salts are stored with the chunks; the seed they came from is not needed again.
      const record = {
        document: dataset.documentBytes,
        leaves: concatBytes(...dataset.leaves),
        sharedKey: mode === 'shared' ? environment.randomBytes(CONTENT_KEY_BYTES) : null,
      };
      writing.add(asset);
      try {
        await secrets.set(recordKey.dataset(asset), encodeRecord({ ...record, ready: false }));
        for (let at = 0; at < dataset.saltedChunks.length; at += BATCH) {
          throwIfAborted(addOptions.signal);
          const batch = dataset.saltedChunks.slice(at, at + BATCH);
          await secrets.setMany(batch.map((chunk, i) => [recordKey.chunk(asset, at + i), chunk] as const));
        }
        await secrets.set(recordKey.dataset(asset), encodeRecord({ ...record, ready: true }));
      } catch (error) {
        await remove(asset).catch(() => undefined);
        throw error;
      } finally {
        writing.delete(asset);
      }
      return { asset, document: decodeDatasetDocument(dataset.documentBytes) };
    },
    has: async (asset) => (await read(asset))?.ready === true,
    async list() {
      await sweep();
      const prefix = recordKey.dataset('');
      const held: OwnedDataset[] = [];
      for (const [key, bytes] of await secrets.entries(prefix)) {
        const asset = key.slice(prefix.length);
        const record = decodeRecord(bytes);
        if (record.ready) held.push({ asset, document: document(asset, record) });
      }
      return held;
    },
    async consumption(asset) {
      const dataset = await get(asset);
      const chunks = [];
      for await (const salted of dataset.saltedChunks())
        chunks.push(decodeChunk(salted.subarray(SALT_BYTES)));
      return joinChunks(chunks);
    },
    async remove(asset) {
      const sold = await wasSold(asset);
      const secretsDestroyed = await remove(asset);
      const unreachable =
        sold && secretsDestroyed > 0
          ? [
              'Sealed copies of trades that were already made: erase those trades too',
              'Copies that buyers opened',
            ]
          : [];
      return { secretsDestroyed, unreachable };
    },
  };
}
