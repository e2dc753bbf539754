import type { Operation, OperationName, OperationsOf } from './operation.ts';
import { marketOperations } from './operations/market.ts';
import { meterOperations } from './operations/meters.ts';
import {
  consentOperations,
  ledgerOperations,
  networkOperations,
  publishedOperations,
} from './operations/node.ts';
import { ownerOperations } from './operations/owner.ts';
import { storageOperations } from './operations/storage.ts';
import { tradeOperations } from './operations/trades.ts';
import { walletOperations } from './operations/wallets.ts';

/**
 * Every operation of `/v1` by the service's method that it calls. Server, OpenAPI document, typed client, reference page
 * and the command line's calls are made from this table; the compiler holds it against the service.
 */
export const contract: OperationsOf<OperationName> = {
  ...ledgerOperations,
  ...meterOperations,
  ...marketOperations,
  ...tradeOperations,
  ...walletOperations,
  ...consentOperations,
  ...networkOperations,
  ...publishedOperations,
  ...ownerOperations,
  ...storageOperations,
};

/** A row of {@link contract}. */
export type NamedOperation = Operation & { readonly name: OperationName };

/** The rows of {@link contract} in its order. */
export const operations: readonly NamedOperation[] = Object.entries(contract).map(([name, each]) => ({
  // Which arguments a method takes is between its row and the service.
  ...(each as unknown as Operation),
  name: name as OperationName,
}));
