import {
  type Crypto,
  type DatasetDocument,
  equalBytes,
  type SealedDelivery,
  type SettlementTrade,
} from '@edmp/interface';
import { assetIdOf } from '@edmp/interface/dataset';
import { sealedBytes, sealedChunkBytes } from '../dataset/sizes.ts';
import { SettlementError } from '../errors.ts';
import { merkleRoot } from '../merkle/tree.ts';
import { sealContexts } from './context.ts';
import { decodeManifest, type Manifest, settlementRootOf } from './manifest.ts';

const refuse = (message: string): never => {
  throw new SettlementError('ERR_SETTLEMENT_DELIVERY', `The delivery does not match the offer: ${message}`);
};

/** Checks that trade, document and delivery speak of the same thing. Throws `ERR_SETTLEMENT_DELIVERY`. */
export function checkDelivery(
  crypto: Pick<Crypto, 'sha256'>,
  trade: SettlementTrade,
  document: DatasetDocument,
  delivery: SealedDelivery,
): void {
  const asset = assetIdOf(document, crypto);
  if (asset !== trade.asset) refuse(`the document is ${asset}, the trade is about ${trade.asset}`);
  if (delivery.chunks !== document.chunks) {
    refuse(`${delivery.chunks} chunks are announced, the document promises ${document.chunks}`);
  }
}

/**
 * Checks that the announced number of bytes is the one that the document calls for: any other would be a place to tell
 * something about the values. Throws `ERR_SETTLEMENT_DELIVERY`.
 */
export function checkAnnouncedBytes(document: DatasetDocument, delivery: SealedDelivery): void {
  const expected = sealedBytes(document);
  if (delivery.bytes !== expected)
    refuse(`${delivery.bytes} bytes are announced, its descriptor calls for ${expected}`);
}

/** Checks the length of sealed chunk `index` against the document. Throws `ERR_SETTLEMENT_DELIVERY`. */
export function checkSealedLength(document: DatasetDocument, index: number, length: number): void {
  const expected = sealedChunkBytes(document, index);
  if (length !== expected) refuse(`chunk ${index} has ${length} bytes, its descriptor calls for ${expected}`);
}

/**
 * All that can be checked of a manifest before paying: that it was made for this trade (or for all buyers of its
 * dataset), has the promised number of
 * chunks, gives the root on the ledger, and commits to exactly the data that the document commits to.
 * Throws `ERR_SETTLEMENT_DELIVERY`, or `ERR_SETTLEMENT_FORMAT` when the bytes are no manifest.
 *
 * @param bytes - What the seller sent; anything may be given.
 */
export function checkManifest(
  crypto: Pick<Crypto, 'sha256'>,
  trade: SettlementTrade,
  document: DatasetDocument,
  delivery: SealedDelivery,
  bytes: Uint8Array,
): Manifest {
  const manifest = decodeManifest(bytes);
  if (!sealContexts(crypto, trade).some((context) => equalBytes(context, manifest.tradeId)))
    refuse('its manifest was made for another trade');
  if (manifest.leaves.length !== document.chunks) {
    refuse(`its manifest lists ${manifest.leaves.length} chunks, the document promises ${document.chunks}`);
  }
  if (!equalBytes(settlementRootOf(crypto, manifest.leaves), delivery.settlementRoot)) {
    refuse('its manifest has another settlement root than the ledger');
  }
  const dataRoot = merkleRoot(
    crypto,
    manifest.leaves.map((leaf) => leaf.dataLeaf),
  );
  if (!equalBytes(dataRoot, document.dataRoot))
    refuse('its manifest commits to other data than the document');
  return manifest;
}
