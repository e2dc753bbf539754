import {
  type AbortOptions,
  bytesToHex,
  type ContentStore,
  type Crypto,
  type Environment,
  type KeyValueStore,
  type PublicKey,
  type SealedDelivery,
  type SettlementTrade,
  throwIfAborted,
} from '@edmp/interface';
import type { SharedMutex } from '@edmp/interface/bounded';
import type { CID } from 'multiformats/cid';
import { SettlementError } from '../errors.ts';
import { sharedContext } from '../sealing/context.ts';
import type { KeySuite } from '../sealing/key-suite.ts';
import { CONTENT_KEY_BYTES, expectRecipientKey, wrapContentKey } from '../sealing/keys.ts';
import { sealDataset } from '../sealing/seal.ts';
import { type ChunkSealer, localSealer } from '../sealing/sealer.ts';
import type { DatasetVault } from './dataset-vault.ts';
import { decodeSold, encodeSold, recordKey, type SoldRecord } from './records.ts';
import { checkSameTrade, checkTrade } from './trade.ts';

/** What both roles work on. */
export interface ExchangeContext {
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly content: ContentStore;
  readonly secrets: KeyValueStore;
  /** Ways of wrapping keys that are taken; the first is that of the node's own one-time keys. Not empty. */
  readonly suites: readonly KeySuite[];
  /** Shared by whoever stores blocks that no pin reaches yet; exclusive for erasure, which collects such blocks. */
  readonly blocks: SharedMutex;
}

/** The seller's half of `Settlement`. Calls about one trade must not overlap. */
export interface Seller {
  seal(trade: SettlementTrade, options?: AbortOptions): Promise<SealedDelivery>;
  release(trade: SettlementTrade, options?: AbortOptions): Promise<Uint8Array>;
  /** Whether `peer` bought what hangs under `root`. */
  mayRead(peer: PublicKey, root: CID): Promise<boolean>;
}

/** Owner under which a seller pins a trade's manifest. */
export const soldPin = (tradeId: Uint8Array): string => `edmp/sold/${bytesToHex(tradeId)}`;

/** Throws `ERR_SETTLEMENT_UNKNOWN_TRADE` when the trade was erased: a fresh key for an old trade would equivocate. */
export async function expectNotErased(secrets: KeyValueStore, tradeId: Uint8Array): Promise<void> {
  if ((await secrets.get(recordKey.erased(tradeId))) !== undefined) {
    throw new SettlementError(
      'ERR_SETTLEMENT_UNKNOWN_TRADE',
      'This trade was erased and cannot be taken up again',
    );
  }
}

const keyGone = (): SettlementError =>
  new SettlementError(
    'ERR_SETTLEMENT_KEY',
    'The content key of this trade was destroyed when the trade ended',
  );

/** The seller's half over a vault of datasets. */
export function createSeller(
  context: ExchangeContext,
  vault: DatasetVault,
  sealer: ChunkSealer = localSealer(context.crypto),
): Seller {
  const { crypto, environment, content, secrets, suites, blocks } = context;

  const read = async (tradeId: Uint8Array): Promise<SoldRecord | undefined> => {
    const bytes = await secrets.get(recordKey.sold(tradeId));
    return bytes === undefined ? undefined : decodeSold(bytes);
  };
  const write = (record: SoldRecord): Promise<void> =>
    secrets.set(recordKey.sold(record.trade.tradeId), encodeSold(record));

  return {
    async seal(trade, options = {}) {
      const suite = checkTrade(trade, suites);
      throwIfAborted(options.signal);
      await expectNotErased(secrets, trade.tradeId);
      let record = await read(trade.tradeId);
      if (record !== undefined) checkSameTrade(record.trade, trade);
      if (record?.delivery) return record.delivery;
      expectRecipientKey(crypto, trade.recipientKey, suite);
      const dataset = await vault.get(trade.asset);
      if (record === undefined) {
        const contentKey = dataset.sharedKey ?? environment.randomBytes(CONTENT_KEY_BYTES);
        record = { trade, contentKey, shared: dataset.sharedKey !== null, delivery: null, wrappedKey: null };
        await write(record);
      }
      const { contentKey, shared } = record;
      if (contentKey === null) throw keyGone();
      const delivery = await blocks.shared(async () => {
        const sealed = await sealDataset({
          crypto,
          store: content,
          tradeId: shared ? sharedContext(crypto, trade.asset) : trade.tradeId,
          contentKey,
          count: dataset.document.chunks,
          saltedChunks: dataset.saltedChunks(),
          dataLeaf: dataset.dataLeaf,
          sealer,
          signal: options.signal,
        });
        await content.pin(sealed.manifest, soldPin(trade.tradeId));
        return sealed;
      });
      await secrets.set(recordKey.root(delivery.manifest, trade.buyer, trade.tradeId), new Uint8Array(0));
      await write({ ...record, delivery });
      return delivery;
    },
    async release(trade, options = {}) {
      const suite = checkTrade(trade, suites);
      throwIfAborted(options.signal);
      const record = await read(trade.tradeId);
      if (record === undefined || record.delivery === null) {
        throw new SettlementError(
          'ERR_SETTLEMENT_UNKNOWN_TRADE',
          'Nothing was sealed for this trade: seal first',
        );
      }
      checkSameTrade(record.trade, trade);
      if (record.wrappedKey !== null) return record.wrappedKey;
      if (record.contentKey === null) throw keyGone();
      const drawn = environment.systemRandom === true && suite.kem.drawsRandomness;
      const wrappedKey = wrapContentKey(crypto, {
        suite,
        tradeId: trade.tradeId,
        settlementRoot: record.delivery.settlementRoot,
        recipientKey: trade.recipientKey,
        contentKey: record.contentKey,
        randomness: drawn ? undefined : environment.randomBytes(suite.kem.randomnessBytes),
      });
      await write({ ...record, wrappedKey });
      return wrappedKey;
    },
    async mayRead(peer, root) {
      return (await secrets.entries(recordKey.root(root, peer))).length > 0;
    },
  };
}
