import type { DatasetDocument, TxValue } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';
import { datasetDocumentOf as checkedDocument } from '@edmp/interface/dataset';
import { MarketError } from '../errors.ts';

export { assetIdOf, isAssetId, MAX_DOCUMENT_BYTES } from '@edmp/interface/dataset';

/**
 * A dataset document out of a decoded value, by the one rule of `@edmp/interface/dataset`: what is listed can be
 * delivered. Throws `ERR_MARKET_FORMAT`, its cause the `DatasetError`.
 */
export function datasetDocumentOf(value: unknown): DatasetDocument {
  try {
    return checkedDocument(value);
  } catch (cause) {
    if (!isEdmpError(cause)) throw cause;
    throw new MarketError('ERR_MARKET_FORMAT', cause.message, { cause, details: cause.details });
  }
}

/** The document as a transaction value. Throws like {@link datasetDocumentOf}. */
export function documentToTx(document: DatasetDocument): TxValue {
  return datasetDocumentOf(document) as unknown as TxValue;
}
