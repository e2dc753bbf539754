import { ATTESTATION_LEVELS, type AttestationLevel } from '@edmp/interface';
import { isJsonObject } from './json.ts';
import {
  type Verification,
  type VerificationReason,
  type VerifyOptions,
  verifyTransaction,
  verifyTransactions,
} from './verify.ts';

/** Options of {@link verifyTransactionChain}. */
export interface TransactionChainOptions extends VerifyOptions {
  /** The device's CREATE transaction, from a BigchainDB node; without it no reading can be `anchored`. */
  readonly create?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** A chain of readings, checked. */
export interface ChainVerification {
  /** One for each transaction, in the order given. */
  readonly transactions: readonly Verification[];
  /** Lowest level among them; `unsigned` when there are none. */
  readonly level: AttestationLevel;
  /** Number of unbroken runs in what was shown. 1 = no gap. */
  readonly runs: number;
}

/**
 * Verifies the readings of one device together. `linked`: the transaction spends, or is spent by, another
 * one shown here and signed by the same key, and no two spend the same output. `anchored`: besides, the key is the one
 * that the CREATE named by the asset id hands the device to. Order does not matter. What it cannot show: readings
 * newer than the newest, or that the network accepted them.
 *
 * @param transactions - The transactions as they were parsed, with nothing changed; anything may be given.
 */
export async function verifyTransactionChain(
  transactions: readonly unknown[],
  options: TransactionChainOptions,
): Promise<ChainVerification> {
  return linkChain(transactions, await verifyTransactions(transactions, options), options);
}

/**
 * The second half of {@link verifyTransactionChain}: raises transactions that were verified one by one, `single`, by
 * their links.
 *
 * @param transactions - The untouched JSON that `single` was made of, in the same order.
 */
export function linkChain(
  transactions: readonly unknown[],
  single: readonly Verification[],
  options: TransactionChainOptions,
): ChainVerification {
  const byId = new Map<string, Verification>();
  const spenders = new Map<string, Set<string>>();
  for (const one of single) {
    if (one.level !== 'signed') continue;
    byId.set(one.id, one);
    if (one.spends === null) continue;
    const known = spenders.get(one.spends);
    if (known === undefined) spenders.set(one.spends, new Set([one.id]));
    else known.add(one.id);
  }
  const anchor = anchorOf(options);
  let runs = 0;
  const linked = single.map((one, index): Verification => {
    if (one.level !== 'signed') return one;
    const lower = (code: VerificationReason['code'], message: string): Verification => ({
      ...one,
      reasons: [...one.reasons, { code, message }],
    });
    const isFork = one.spends !== null && (spenders.get(one.spends)?.size ?? 0) > 1;
    if (isFork) {
      runs++;
      return lower('fork', 'Two transactions shown here spend the same output: one device history forked');
    }
    const previous =
      one.spends === null ? undefined : byId.get(one.spends.slice(0, one.spends.lastIndexOf(':')));
    const followers = spenders.get(`${one.id}:0`);
    const next = followers?.size === 1 ? byId.get([...followers][0] ?? '') : undefined;
    if (previous === undefined) runs++;
    else if (previous.holder !== one.signer) {
      return lower('key-changed', 'The transaction spends an output of another key: the device key changed');
    }
    if (previous === undefined && (next === undefined || next.signer !== one.holder)) {
      return lower(
        'not-linked',
        'Neither the transaction before nor the one after was shown: nothing to link to',
      );
    }
    return anchor(transactions[index], { ...one, level: 'linked' });
  });
  let lowest = ATTESTATION_LEVELS.length - 1;
  for (const one of linked) lowest = Math.min(lowest, ATTESTATION_LEVELS.indexOf(one.level));
  return {
    transactions: linked,
    level: linked.length === 0 ? 'unsigned' : (ATTESTATION_LEVELS[lowest] ?? 'unsigned'),
    runs,
  };
}

/** Raises `linked` to `anchored` where the CREATE allows it. */
function anchorOf(
  options: TransactionChainOptions,
): (transaction: unknown, one: Verification) => Verification {
  const { create } = options;
  if (create === undefined) {
    return (_, one) => ({
      ...one,
      reasons: [
        ...one.reasons,
        { code: 'no-create', message: "The device's CREATE transaction was not shown" },
      ],
    });
  }
  const checked = verifyTransaction(create, { ...options, pinnedKey: undefined });
  const isCreate = isJsonObject(create) && create.operation === 'CREATE' && checked.level === 'signed';
  return (transaction, one) => {
    const asset = isJsonObject(transaction) ? transaction.asset : undefined;
    const assetId = isJsonObject(asset) && typeof asset.id === 'string' ? asset.id : one.id;
    if (isCreate && assetId === checked.id && checked.holder === one.signer)
      return { ...one, level: 'anchored' };
    const message = isCreate
      ? 'The CREATE transaction is of another device or names another key'
      : 'The CREATE transaction does not verify';
    return { ...one, reasons: [...one.reasons, { code: 'create-mismatch', message }] };
  };
}
