import {
  type AbortOptions,
  bytesToHex,
  type CheckedBlock,
  CODEC_DAG_CBOR,
  type ContentReader,
  type DatasetDocument,
  isEdmpError,
  type OpenOutcome,
  type SealedDelivery,
  type SettlementTrade,
  throwIfAborted,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { MAX_CONTENT_BLOCK_BYTES } from '../codec/cid.ts';
import { joinChunks } from '../dataset/describe.ts';
import { SettlementError } from '../errors.ts';
import { checkAnnouncedBytes, checkDelivery, checkManifest, checkSealedLength } from '../sealing/check.ts';
import { MAX_SEALED_CHUNK_BYTES } from '../sealing/chunk.ts';
import { keySuiteOf, xWingSuite } from '../sealing/key-suite.ts';
import type { Manifest } from '../sealing/manifest.ts';
import { isBulkReader } from '../store/network.ts';
import { putBlocks } from '../store/put-blocks.ts';
import { eachOf } from '../store/write-batches.ts';
import { oneTimeKeys } from './one-time-keys.ts';
import { openDelivery } from './open.ts';
import { keepOpened, readOpened } from './opened-data.ts';
import { decodeBought, encodeBought, recordKey } from './records.ts';
import { type ExchangeContext, expectNotErased } from './seller.ts';
import { checkSameTrade, checkTrade } from './trade.ts';

/** The buyer's half of `Settlement`. Calls about one trade must not overlap. */
export interface Buyer {
  createRecipientKey(): Promise<Uint8Array>;
  receive(
    trade: SettlementTrade,
    document: DatasetDocument,
    delivery: SealedDelivery,
    options?: AbortOptions,
  ): Promise<void>;
  open(
    trade: SettlementTrade,
    document: DatasetDocument,
    delivery: SealedDelivery,
    wrappedKey: Uint8Array,
    options?: AbortOptions,
  ): Promise<OpenOutcome>;
}

/** Blocks looked for at the same time among those that are held: enough to keep a disk busy. */
const READS_AT_ONCE = 16;
/** Blocks stored together, about 1 MB as nodes cut them; the next ones are fetched meanwhile. */
const BATCH = 64;

/** Owner under which a buyer pins a trade's manifest. */
export const boughtPin = (tradeId: Uint8Array): string => `edmp/bought/${bytesToHex(tradeId)}`;

/** The buyer's half; `source` reads a trade's blocks from outside. */
export function createBuyer(
  context: ExchangeContext,
  source: (trade: SettlementTrade, root: CID) => ContentReader,
): Buyer {
  const { crypto, content, secrets, suites, blocks } = context;
  const [ownSuite = xWingSuite] = suites;
  const keys = oneTimeKeys({ ...context, suite: ownSuite });

  /** A block held here in good order. */
  const held = async (cid: CID, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array | undefined> => {
    try {
      return await content.get(cid, { signal, maxBytes });
    } catch (error) {
      if (isEdmpError(error) && error.code.startsWith('ERR_CONTENT_')) return undefined;
      throw error;
    }
  };
  const fetchAll = async function* (
    reader: ContentReader,
    cids: readonly CID[],
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const options = { signal, maxBytes: MAX_SEALED_CHUNK_BYTES };
    if (isBulkReader(reader)) yield* reader.getMany(cids, options);
    else for (const cid of cids) yield await reader.get(cid, options);
  };
  /** Fetches the chunks that are not here yet, each of the length that the document calls for. */
  const collectChunks = async (
    manifest: Manifest,
    document: DatasetDocument,
    reader: ContentReader,
    signal?: AbortSignal,
  ): Promise<void> => {
    const missing: (readonly [index: number, cid: CID])[] = [];
    await eachOf(READS_AT_ONCE, [...manifest.blocks.entries()], async ([index, cid]) => {
      const block = await held(cid, MAX_SEALED_CHUNK_BYTES, signal);
      if (block === undefined) missing.push([index, cid]);
      else checkSealedLength(document, index, block.length);
    });
    missing.sort(([a], [b]) => a - b);
    const wanted = missing.map(([, cid]) => cid);
    let batch: CheckedBlock[] = [];
    let storing: Promise<void> = Promise.resolve();
    const store = async (): Promise<void> => {
      await storing;
      storing = putBlocks(content, batch, { signal });
      // Heard of when the next batch, or the end, waits for it.
      storing.catch(() => undefined);
      batch = [];
    };
    let at = 0;
    try {
      for await (const bytes of fetchAll(reader, wanted, signal)) {
        // A source may ignore the signal: what it brings then must not come back after an erasure.
        throwIfAborted(signal);
        const [index, cid] = missing[at++] ?? [];
        if (index === undefined || cid === undefined) break;
        checkSealedLength(document, index, bytes.length);
        batch.push({ cid, bytes });
        if (batch.length === BATCH) await store();
      }
      if (batch.length > 0) await store();
      await storing;
    } finally {
      await storing.catch(() => undefined);
    }
  };

  return {
    createRecipientKey: () => keys.create(),
    async receive(trade, document, delivery, options = {}) {
      const { signal } = options;
      checkTrade(trade, suites);
      throwIfAborted(signal);
      await expectNotErased(secrets, trade.tradeId);
      const known = await secrets.get(recordKey.bought(trade.tradeId));
      if (known !== undefined) checkSameTrade(decodeBought(known).trade, trade);
      checkDelivery(crypto, trade, document, delivery);
      checkAnnouncedBytes(document, delivery);
      await keys.bind(trade.recipientKey, trade.tradeId);
      // Before anything is fetched, so that erasing finds the key and whatever a crash leaves.
      await secrets.set(recordKey.bought(trade.tradeId), encodeBought({ trade, delivery }));
      const reader = source(trade, delivery.manifest);
      const manifestBytes =
        (await held(delivery.manifest, MAX_CONTENT_BLOCK_BYTES, signal)) ??
        (await reader.get(delivery.manifest, { signal, maxBytes: MAX_CONTENT_BLOCK_BYTES }));
      throwIfAborted(signal);
      const manifest = checkManifest(crypto, trade, document, delivery, manifestBytes);
      await blocks.shared(async () => {
        await content.put(CODEC_DAG_CBOR, manifestBytes, { signal });
        await content.pin(delivery.manifest, boughtPin(trade.tradeId), { signal });
      });
      await collectChunks(manifest, document, reader, signal);
    },
    async open(trade, document, delivery, wrappedKey, options = {}) {
      const { signal } = options;
      checkTrade(trade, suites);
      throwIfAborted(signal);
      checkDelivery(crypto, trade, document, delivery);
      const secretKey = await keys.secret(trade.recipientKey, keySuiteOf(suites, trade.suite));
      if (secretKey === undefined) {
        // The trade is over and its key destroyed: what opening kept is the data.
        const kept = await readOpened(secrets, trade.tradeId);
        if (kept !== undefined) return { kind: 'opened', document, consumption: joinChunks(kept) };
        throw new SettlementError(
          'ERR_SETTLEMENT_KEY',
          'This node has no secret for the one-time key of the trade: it was erased, or made elsewhere',
        );
      }
      const reader = source(trade, delivery.manifest);
      const read = async (cid: CID, maxBytes: number): Promise<Uint8Array> =>
        (await held(cid, maxBytes, signal)) ?? (await reader.get(cid, { signal, maxBytes }));
      const manifest = checkManifest(
        crypto,
        trade,
        document,
        delivery,
        await read(delivery.manifest, MAX_CONTENT_BLOCK_BYTES),
      );
      const chunks: Uint8Array[] = [];
      const outcome = await openDelivery({
        crypto,
        trade,
        document,
        settlementRoot: delivery.settlementRoot,
        manifest,
        secretKey,
        wrappedKey,
        suites,
        read: (cid) => read(cid, MAX_SEALED_CHUNK_BYTES),
        onChunk: (chunk) => chunks.push(chunk),
        signal,
      });
      // Only of a trade that was received: erasing finds what belongs to one.
      const ours = (await secrets.get(recordKey.bought(trade.tradeId))) !== undefined;
      if (outcome.kind === 'opened' && ours) await keepOpened(secrets, trade.tradeId, chunks, { signal });
      return outcome;
    },
  };
}
