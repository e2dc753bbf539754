import { bytesToHex, type Crypto, EdmpError, withDeadline } from '@edmp/interface';
import { keyedMutex, sharedMutex } from '@edmp/interface/bounded';
import { DEFAULT_KEY_SUITES, type KeySuite } from '../sealing/key-suite.ts';
import { networkContentStore } from '../store/network.ts';
import { serveContent } from '../store/serve.ts';
import { createBuyer } from './buyer.ts';
import { concludeTrade } from './conclude.ts';
import { datasetVault } from './dataset-vault.ts';
import { eraseTrade } from './erase.ts';
import { judgeProof } from './judge.ts';
import { createSeller, type ExchangeContext } from './seller.ts';
import { MAX_SPOT_CHECK } from './spot-check.ts';
import { SpotCheckBuyer } from './spot-check-buyer.ts';
import { serveSpotChecks } from './spot-check-seller.ts';
import type { DataSettlement, SettlementOptions } from './types.ts';

const DEFAULT_FETCH_TIMEOUT_MS = 120_000;
const lockName = (tradeId: Uint8Array): string => {
  if (!(tradeId instanceof Uint8Array) || tradeId.length !== 32) {
    throw new EdmpError('ERR_INVALID_ARGUMENT', 'Expected a trade id of 32 bytes');
  }
  return bytesToHex(tradeId);
};

/**
 * The suites, of which each has shown that it works here: a library that is missing should be told at once, and not when a
 * key has been paid for. Throws `ERR_INVALID_ARGUMENT` when there is none, and `ERR_CRYPTO_PROVIDER`.
 */
function usableSuites(
  crypto: Crypto,
  suites: readonly KeySuite[],
): readonly [first: KeySuite, ...rest: KeySuite[]] {
  const [first, ...rest] = suites;
  if (first === undefined) {
    throw new EdmpError('ERR_INVALID_ARGUMENT', 'Expected a way of wrapping keys in options.keySuites');
  }
  for (const { kem } of suites) kem.publicKey(crypto, new Uint8Array(kem.secretKeyBytes).fill(1));
  return [first, ...rest];
}

/**
 * Sealed delivery over a content store, a private key-value store and a network (DESIGN §5). Registers
 * `/edmp/content/1` at once. Every step can be repeated after a crash with the same result.
 */
export function createSettlement(options: SettlementOptions): DataSettlement {
  const { crypto, environment, content, secrets, network } = options;
  const fetchTimeoutMs = options.fetchTimeoutMs ?? DEFAULT_FETCH_TIMEOUT_MS;
  const suites = usableSuites(crypto, options.keySuites ?? DEFAULT_KEY_SUITES);
  const context: ExchangeContext = { crypto, environment, content, secrets, suites, blocks: sharedMutex() };
  const oneAtATime = keyedMutex<string>();
  const vault = datasetVault({ crypto, environment, secrets });
  const seller = createSeller(context, vault, options.sealer);
  const buyer = createBuyer(
    context,
    options.source ?? ((trade, root) => networkContentStore({ network, crypto, peer: trade.seller, root })),
  );
  const { spotChecks } = options;
  const inspector =
    spotChecks === undefined
      ? undefined
      : new SpotCheckBuyer({ crypto, environment, secrets, network, block: spotChecks.block });
  const stopSpotChecks =
    spotChecks === undefined
      ? undefined
      : serveSpotChecks({ crypto, environment, secrets, network, vault, rules: spotChecks });
  const stopServing = serveContent({ network, store: content, authorize: seller.mayRead });

  return {
    keySuite: suites[0].id,
    holds: (asset) => vault.has(asset),
    addDataset: (series, addOptions) => vault.add(series, addOptions),
    datasets: () => vault.list(),
    consumption: (asset) => vault.consumption(asset),
    removeDataset: (asset) => vault.remove(asset),
    async prepareSpotCheck(request, spotOptions) {
      if (!Number.isInteger(request.samples) || request.samples < 1 || request.samples > MAX_SPOT_CHECK) {
        throw new EdmpError(
          'ERR_INVALID_ARGUMENT',
          `Expected 1 to ${MAX_SPOT_CHECK} chunks to look at, got ${request.samples}`,
        );
      }
      if (inspector === undefined) {
        throw new EdmpError(
          'ERR_INVALID_ARGUMENT',
          'This settlement was made without a chain for spot checks',
        );
      }
      await inspector.prepare(request, spotOptions);
    },
    bindSpotCheck: async (asset, bid) => inspector?.bind(asset, bid),
    createRecipientKey: () => buyer.createRecipientKey(),
    seal: async (trade, sealOptions) =>
      oneAtATime.run(lockName(trade.tradeId), () => seller.seal(trade, sealOptions)),
    release: async (trade, releaseOptions) =>
      oneAtATime.run(lockName(trade.tradeId), () => seller.release(trade, releaseOptions)),
    receive: async (trade, document, delivery, receiveOptions) =>
      oneAtATime.run(lockName(trade.tradeId), () =>
        withDeadline(
          environment,
          fetchTimeoutMs,
          'Fetching the sealed data',
          async (signal) => {
            await buyer.receive(trade, document, delivery, { signal });
            await inspector?.inspect(trade, document, { signal });
          },
          receiveOptions,
        ),
      ),
    open: async (trade, document, delivery, wrappedKey, openOptions) =>
      oneAtATime.run(lockName(trade.tradeId), () =>
        withDeadline(
          environment,
          fetchTimeoutMs,
          'Opening the sealed data',
          (signal) => buyer.open(trade, document, delivery, wrappedKey, { signal }),
          openOptions,
        ),
      ),
    judge: (trade, proof) => judgeProof(crypto, trade, proof, suites),
    conclude: async (tradeId, { paid }) =>
      oneAtATime.run(lockName(tradeId), () => concludeTrade(context, tradeId, { paid })),
    erase: async (tradeId, eraseOptions) =>
      oneAtATime.run(lockName(tradeId), () =>
        context.blocks.exclusive(() => eraseTrade(context, tradeId, eraseOptions)),
      ),
    [Symbol.asyncDispose]() {
      return this.stop();
    },
    async stop() {
      stopServing();
      stopSpotChecks?.();
    },
  };
}
