import {
  type BlockId,
  type DatasetDocument,
  type Descriptor,
  type HalfBlock,
  type PublicKey,
  type PublicKeyHex,
  publicKeyToHex,
  type Signer,
  softwareSigner,
  type TxValue,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { decodeHalfBlock, signHalfBlock } from '@edmp/trustchain/block';
import { assetIdOf } from '../../src/asset/document.ts';
import { type Price, price } from '../../src/asset/price.ts';
import {
  ASK_TYPE,
  askToTx,
  BID_TYPE,
  bidToTx,
  CANCEL_TYPE,
  cancelToTx,
  decodeOrder,
  type SignedOrder,
} from '../../src/blocks/order.ts';
import { hashSecret } from '../../src/order/digest-index.ts';
import { DEFAULT_ORDER_LIMITS, type OrderLimits } from '../../src/order/limits.ts';
import { OrderRegistry } from '../../src/order/order-registry.ts';

// Without threads: real work in the background would race with the virtual clock.
export const crypto = nodeCrypto({ threads: false });
export const START: number = Date.UTC(2026, 0, 1);
export const DAY = 86_400_000;
export const SECRET = hashSecret(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));

export function dataset(title: string, changes: Partial<Descriptor> = {}): DatasetDocument {
  return {
    v: 1,
    descriptor: {
      commodity: 'electricity',
      flow: 'import',
      unit: 'uKWh',
      step: 'PT15M',
      zone: 'Europe/Amsterdam',
      from: '2025-06-01',
      to: '2025-06-30',
      count: 2_880,
      gaps: 0,
      cell: 'u15p',
      household: { kind: 'house', occupants: '3-4' },
      attestation: 'signed',
      verified: 2_880,
      pseudonym: crypto.sha256(new TextEncoder().encode(`pseudonym ${title}`)).slice(0, 16),
      licence: 'EDMP-personal-1',
      purposes: ['research'],
      consent: null,
      title,
      ...changes,
    },
    dataRoot: crypto.sha256(new TextEncoder().encode(title)),
    chunks: 1,
  };
}

export const assetOf = (document: DatasetDocument): string => assetIdOf(document, crypto);

/** A trader that signs its chain by hand. */
export interface TestTrader {
  readonly key: PublicKey;
  readonly hex: PublicKeyHex;
  readonly signer: Signer;
  block(type: string, tx: TxValue, time?: number): Promise<HalfBlock>;
  ask(of: {
    document: DatasetDocument;
    price: number | Price;
    supply?: number;
    expires?: number;
    time?: number;
  }): Promise<SignedOrder>;
  bid(of: {
    asset: string;
    price: number | Price;
    quantity?: number;
    expires?: number;
    time?: number;
  }): Promise<SignedOrder>;
  cancel(order: BlockId, time?: number): Promise<HalfBlock>;
}

export function trader(name: string): TestTrader {
  const signer = softwareSigner({
    crypto,
    secretKey: crypto.sha256(new TextEncoder().encode(`trader ${name}`)),
  });
  let head: HalfBlock | undefined;
  const made: TestTrader = {
    key: signer.publicKey,
    hex: publicKeyToHex(signer.publicKey),
    signer,
    async block(type, tx, time = START) {
      head = await signHalfBlock(
        {
          v: 1,
          key: signer.publicKey,
          seq: (head?.core.seq ?? 0) + 1,
          prev: head?.id ?? null,
          peer: null,
          link: null,
          type,
          tx,
          time,
        },
        signer,
        crypto,
      );
      return head;
    },
    async ask({ document, price: amount, supply = 1, expires = START + 30 * DAY, time = START }) {
      const unit = typeof amount === 'number' ? price('DUM1', amount) : amount;
      return decodeOrder(
        await made.block(ASK_TYPE, askToTx({ document, price: unit, supply, expires }), time),
        crypto,
      );
    },
    async bid({ asset, price: amount, quantity = 1, expires = START + DAY, time = START }) {
      const unit = typeof amount === 'number' ? price('DUM1', amount) : amount;
      return decodeOrder(
        await made.block(BID_TYPE, bidToTx({ asset, price: unit, quantity, expires }), time),
        crypto,
      );
    },
    cancel: (order, time) => made.block(CANCEL_TYPE, cancelToTx(order), time),
  };
  return made;
}

export const decode = (bytes: Uint8Array): SignedOrder => decodeOrder(decodeHalfBlock(bytes, crypto), crypto);

export function registryOf(
  options: {
    limits?: Partial<OrderLimits>;
    now?: () => number;
    self?: PublicKeyHex;
    funded?: (owner: PublicKeyHex) => boolean;
  } = {},
): OrderRegistry {
  return new OrderRegistry({
    limits: { ...DEFAULT_ORDER_LIMITS, ...options.limits },
    now: options.now ?? (() => START),
    self: options.self ?? trader('self').hex,
    secret: SECRET,
    decode,
    funded: options.funded,
  });
}
