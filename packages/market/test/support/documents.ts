import type { BlockId, Consumption, DatasetDocument, Descriptor } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { assetIdOf } from '@edmp/interface/dataset';
import { idOfDigest } from '../../src/codec/order-id.ts';

// Without threads: real work in the background would race with the virtual clock.
export const crypto = nodeCrypto({ threads: false });

export function documentOf(title: string, changes: Partial<Descriptor> = {}): DatasetDocument {
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

const assets = new WeakMap<DatasetDocument, string>();

export function assetOf(document: DatasetDocument): string {
  const asset = assets.get(document) ?? assetIdOf(document, crypto);
  assets.set(document, asset);
  return asset;
}

const consumptions = new Map<number, Consumption>();

/** The same values for every document of as many intervals. */
export function consumptionOf(document: DatasetDocument): Consumption {
  const { count } = document.descriptor;
  const consumption = consumptions.get(count) ?? {
    values: Array.from({ length: count }, (_, i) => (i * 7) % 1000),
    quality: new Uint8Array(count),
    offsetMinutes: 0,
  };
  consumptions.set(count, consumption);
  return consumption;
}

/** A block id that no block has. */
export function idOf(text: string): BlockId {
  return idOfDigest(crypto.sha256(new TextEncoder().encode(text)));
}
