import { type AbortOptions, bytesToHex, type Crypto, EdmpError, withDeadline } from '@edmp/interface';
import { keyedMutex, sharedMutex } from '@edmp/interface/bounded';
import { SettlementError } from '../errors.ts';
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
/**
 * Longest that erasing waits for what fetches or opens the same trade, once that was called off, ms: time for a disk to end
 * what it writes. A source that ignores its signal writes nothing any more, whenever it answers.
 */
const CALL_OFF_MS = 10_000;
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

  /** What is being fetched and opened of each trade, to be called off when the trade is erased. */
  const fetching = new Map<string, Set<AbortController>>();
  /** Fetches or opens what belongs to a trade, unless that is erased meanwhile: then nothing of it runs any more. */
  const unlessErased = async <T>(
    tradeId: Uint8Array,
    what: string,
    task: (signal: AbortSignal) => Promise<T>,
    { signal }: AbortOptions = {},
  ): Promise<T> => {
    const name = lockName(tradeId);
    const erased = new AbortController();
    const ofTrade = fetching.get(name) ?? new Set();
    fetching.set(name, ofTrade.add(erased));
    const ended = signal === undefined ? erased.signal : AbortSignal.any([signal, erased.signal]);
    let running: Promise<unknown> = Promise.resolve();
    try {
      return await oneAtATime.run(name, async () => {
        try {
          return await withDeadline(
            environment,
            fetchTimeoutMs,
            what,
            (inner) => {
              const result = task(inner);
              running = result;
              return result;
            },
            { signal: ended },
          );
        } finally {
          // What it still writes would come back after the erasure that waits for this lock.
          if (erased.signal.aborted) {
            const ending = withDeadline(environment, CALL_OFF_MS, 'Ending a fetch', () => running);
            await ending.catch(() => undefined);
          }
        }
      });
    } catch (error) {
      throw erased.signal.aborted ? erased.signal.reason : error;
    } finally {
      ofTrade.delete(erased);
      if (ofTrade.size === 0) fetching.delete(name);
    }
  };
  const callOff = (tradeId: Uint8Array): void => {
    for (const each of fetching.get(lockName(tradeId)) ?? [])
      each.abort(
        new SettlementError(
          'ERR_SETTLEMENT_UNKNOWN_TRADE',
          'The trade was erased while its data was fetched',
        ),
      );
  };

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
      unlessErased(
        trade.tradeId,
        'Fetching the sealed data',
        async (signal) => {
          await buyer.receive(trade, document, delivery, { signal });
          await inspector?.inspect(trade, document, { signal });
        },
        receiveOptions,
      ),
    open: async (trade, document, delivery, wrappedKey, openOptions) =>
      unlessErased(
        trade.tradeId,
        'Opening the sealed data',
        (signal) => buyer.open(trade, document, delivery, wrappedKey, { signal }),
        openOptions,
      ),
    judge: (trade, proof) => judgeProof(crypto, trade, proof, suites),
    conclude: async (tradeId, { paid }) =>
      oneAtATime.run(lockName(tradeId), () => concludeTrade(context, tradeId, { paid })),
    async erase(tradeId, eraseOptions) {
      callOff(tradeId);
      return oneAtATime.run(lockName(tradeId), () =>
        context.blocks.exclusive(() => eraseTrade(context, tradeId, eraseOptions)),
      );
    },
    [Symbol.asyncDispose]() {
      return this.stop();
    },
    async stop() {
      stopServing();
      stopSpotChecks?.();
    },
  };
}
