import {
  type Consumption,
  concatBytes,
  type DatasetDocument,
  EdmpError,
  type Environment,
  equalBytes,
  type Judgement,
  type SealedDelivery,
  type Settlement,
  type SettlementTrade,
  utf8ToBytes,
} from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { assetOf, consumptionOf, crypto } from './documents.ts';

/** What a dishonest seller or broken buyer does. */
export type Cheat =
  | 'none'
  | 'wrong-key'
  | 'wrong-key-private-proof'
  | 'wrong-delivery'
  | 'never-release'
  | 'never-seal'
  | 'false-complaint';

/** Ciphertext that "lies in IPFS": shared by all nodes of a test. */
export type Shelf = Map<string, { readonly root: Uint8Array; readonly document: DatasetDocument }>;

interface Sealed {
  readonly delivery: SealedDelivery;
  readonly key: Uint8Array;
}

const SALT = 8;

/** As with real key encapsulation, wrapping a key twice gives two different wraps. */
const wrap = (trade: SettlementTrade, key: Uint8Array, salt: Uint8Array): Uint8Array => {
  const pad = crypto.sha256(concatBytes(trade.recipientKey, salt));
  return concatBytes(
    salt,
    key.map((byte, i) => byte ^ (pad[i] ?? 0)),
  );
};
const unwrap = (trade: SettlementTrade, wrapped: Uint8Array): Uint8Array =>
  wrap(trade, wrapped.slice(SALT), wrapped.slice(0, SALT)).slice(SALT);

/** A settlement without cryptography of its own that keeps the port's promises; cheats on demand. */
export function fakeSettlement(options: {
  readonly environment: Environment;
  readonly shelf: Shelf;
  cheat?: Cheat;
}): Settlement & { cheat: Cheat; add(document: DatasetDocument): string; calls: Map<string, number> } {
  const { environment, shelf } = options;
  const datasets = new Map<string, DatasetDocument>();
  const sealed = new Map<string, Sealed>();
  const calls = new Map<string, number>();
  const lies = new Set<string>();
  const count = (name: string): void => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
  };
  const rootOf = (keyHash: Uint8Array, asset: string): Uint8Array =>
    crypto.sha256(concatBytes(keyHash, utf8ToBytes(asset)));
  const hang = (signal: AbortSignal | undefined): Promise<never> =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(new EdmpError('ERR_ABORTED', 'aborted')), {
        once: true,
      });
    });
  const fake = {
    cheat: options.cheat ?? ('none' as Cheat),
    calls,
    add(document: DatasetDocument): string {
      datasets.set(assetOf(document), document);
      return assetOf(document);
    },
    keySuite: 'x-wing',
    holds: async (asset: string) => datasets.has(asset),
    createRecipientKey: async () => environment.randomBytes(32),
    async seal(trade: SettlementTrade, callOptions?: { readonly signal?: AbortSignal | undefined }) {
      count('seal');
      if (fake.cheat === 'never-seal') return hang(callOptions?.signal);
      const id = trade.tradeId.join();
      const known = sealed.get(id);
      if (known !== undefined) return known.delivery;
      const document = datasets.get(trade.asset);
      if (document === undefined) {
        throw new EdmpError('ERR_SETTLEMENT_UNKNOWN_DATASET', 'no such dataset');
      }
      const key = environment.randomBytes(32);
      const root = rootOf(crypto.sha256(key), trade.asset);
      const manifest = CID.createV1(0x71, create(0x12, crypto.sha256(concatBytes(root, trade.tradeId))));
      shelf.set(manifest.toString(), { root: fake.cheat === 'wrong-delivery' ? key : root, document });
      const delivery = { settlementRoot: root, manifest, chunks: document.chunks, bytes: 1000 };
      sealed.set(id, { delivery, key });
      return delivery;
    },
    async receive(
      _trade: SettlementTrade,
      document: DatasetDocument,
      delivery: SealedDelivery,
    ): Promise<void> {
      count('receive');
      const found = shelf.get(delivery.manifest.toString());
      if (
        found === undefined ||
        !equalBytes(found.root, delivery.settlementRoot) ||
        assetOf(found.document) !== assetOf(document)
      ) {
        throw new EdmpError('ERR_SETTLEMENT_DELIVERY', 'the ciphertext does not match the offer');
      }
    },
    async release(trade: SettlementTrade, callOptions?: { readonly signal?: AbortSignal | undefined }) {
      count('release');
      if (fake.cheat === 'never-release') return hang(callOptions?.signal);
      const known = sealed.get(trade.tradeId.join());
      if (known === undefined) throw new EdmpError('ERR_SETTLEMENT_UNKNOWN_TRADE', 'no such trade');
      const lies = fake.cheat === 'wrong-key' || fake.cheat === 'wrong-key-private-proof';
      return wrap(trade, lies ? environment.randomBytes(32) : known.key, environment.randomBytes(SALT));
    },
    async open(
      trade: SettlementTrade,
      document: DatasetDocument,
      delivery: SealedDelivery,
      wrappedKey: Uint8Array,
    ): Promise<
      | { readonly kind: 'opened'; readonly document: DatasetDocument; readonly consumption: Consumption }
      | { readonly kind: 'misbehaviour'; readonly proof: Uint8Array; readonly reason: string }
    > {
      count('open');
      const keyHash = crypto.sha256(unwrap(trade, wrappedKey));
      const good = equalBytes(rootOf(keyHash, trade.asset), delivery.settlementRoot);
      if (good && fake.cheat !== 'false-complaint') {
        return { kind: 'opened', document, consumption: consumptionOf(document) };
      }
      if (good) lies.add(trade.tradeId.join());
      return {
        kind: 'misbehaviour',
        proof: Uint8Array.of(0, ...delivery.settlementRoot),
        reason: 'wrong key',
      };
    },
    judge(
      trade: SettlementTrade & { settlementRoot: Uint8Array; wrappedKey: Uint8Array },
      proof: Uint8Array,
    ): Judgement {
      const keyHash = crypto.sha256(unwrap(trade, trade.wrappedKey));
      const opens = equalBytes(rootOf(keyHash, trade.asset), trade.settlementRoot);
      const wellFormed = proof[0] === 0 && equalBytes(proof.slice(1), trade.settlementRoot);
      const kind = fakeKind.get(fake) ?? 'wrong-key';
      return {
        // Whoever lies upholds its own lie, or its market would not sign it.
        guilty:
          (wellFormed && !opens) || (fake.cheat === 'false-complaint' && lies.has(trade.tradeId.join())),
        kind,
        reason: opens ? 'the key opens the data' : 'the key is wrong',
      };
    },
    async erase(tradeId: Uint8Array) {
      count('erase');
      const known = sealed.delete(tradeId.join());
      return { keysDestroyed: known ? 1 : 0, blocksDeleted: known ? 1 : 0, unreachable: [] };
    },
  };
  return fake;
}

/** Overrides the kind that a fake's judge reports, e.g. `wrong-data` to keep proofs off the chain. */
export const fakeKind: WeakMap<object, string> = new WeakMap<object, string>();
