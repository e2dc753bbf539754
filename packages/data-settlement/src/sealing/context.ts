import { type AssetId, type Crypto, concatBytes, type SettlementTrade, utf8ToBytes } from '@edmp/interface';

/**
 * How a dataset is sealed (DESIGN §5.2). `sealed`: afresh for every trade. `shared`: once for all buyers, for bulk
 * data; then one leaking buyer opens it for all, and erasing one trade does not destroy its content key.
 */
export type SealMode = 'sealed' | 'shared';

const SHARED_LABEL = utf8ToBytes('edmp/shared-seal/v1');

/**
 * What chunks of a `shared` dataset are bound to instead of a trade id: `SHA-256("edmp/shared-seal/v1" ‖ asset)`.
 *
 * @param asset - Asset id of the dataset.
 */
export function sharedContext(crypto: Pick<Crypto, 'sha256'>, asset: AssetId): Uint8Array {
  return crypto.sha256(concatBytes(SHARED_LABEL, utf8ToBytes(asset)));
}

/**
 * The contexts that a trade's chunks may be sealed under. Which of them it was is nobody's fault: a judge convicts only
 * when the promised data comes out under neither.
 */
export function sealContexts(
  crypto: Pick<Crypto, 'sha256'>,
  trade: Pick<SettlementTrade, 'tradeId' | 'asset'>,
): readonly Uint8Array[] {
  return [trade.tradeId, sharedContext(crypto, trade.asset)];
}
