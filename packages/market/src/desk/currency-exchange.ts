import type {
  AbortOptions,
  BlockId,
  Environment,
  HalfBlock,
  Network,
  PublicKey,
  Trustchain,
} from '@edmp/interface';
import { isEdmpError, singleFrame, throwIfAborted, withDeadline } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { type CurrencyId, type IssuedCurrency, isIssuedCurrency } from '../asset/currency.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import {
  boundedBytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  listOf,
  mapOf,
  textOf,
} from '../codec/fields.ts';

/** Asks for the signed blocks that opened currencies, by their ids. */
export const CURRENCY_PROTOCOL = '/edmp/market/currency/1';
/** Currencies in one request: a busy page of listings names fewer. */
const MAX_IDS = 16;
/** A currency with seven notaries is below a kilobyte. */
const MAX_CURRENCY_BYTES = 2_048;
/** Most bytes of a request: 16 ids of 59 characters. */
export const MAX_CURRENCY_REQUEST_BYTES = 2_048;
const MAX_REPLY_BYTES = MAX_IDS * (MAX_CURRENCY_BYTES + 8) + 64;
/** One peer's answer, ms. */
const ANSWER_MS = 5_000;
/** Peers asked for one currency. */
const MAX_PEERS = 8;

/** Bytes of a request for currencies. */
export function encodeCurrencyRequest(ids: readonly CurrencyId[]): Uint8Array {
  return encodeCanonical({ v: 1, ids: [...ids] });
}

/** Ids asked for. Throws `ERR_MARKET_FORMAT`. */
export function decodeCurrencyRequest(bytes: Uint8Array): readonly CurrencyId[] {
  const fields = mapOf(
    decodeCanonical(bytes, MAX_CURRENCY_REQUEST_BYTES, 'currencies'),
    ['v', 'ids'],
    'currencies',
  );
  integerOf(fields.v, 1, 1, 'currencies.v');
  return listOf(fields.ids, MAX_IDS, 'currencies.ids').map((id) => textOf(id, 128, 'currencies.ids'));
}

/** Bytes of an answer: the signed blocks of those that are known. */
export function encodeCurrencyReply(blocks: readonly Uint8Array[]): Uint8Array {
  return encodeCanonical({ v: 1, blocks: [...blocks] });
}

/** Signed blocks in an answer, not verified. Throws `ERR_MARKET_FORMAT`. */
export function decodeCurrencyReply(bytes: Uint8Array): readonly Uint8Array[] {
  const fields = mapOf(decodeCanonical(bytes, MAX_REPLY_BYTES, 'currencies'), ['v', 'blocks'], 'currencies');
  integerOf(fields.v, 1, 1, 'currencies.v');
  return listOf(fields.blocks, MAX_IDS, 'currencies.blocks').map((block) =>
    boundedBytesOf(block, MAX_CURRENCY_BYTES, 'currencies.blocks'),
  );
}

/** What a {@link CurrencyExchange} needs. */
export interface CurrencyExchangeNeeds {
  readonly network: Pick<Network, 'request' | 'handle' | 'peers'>;
  readonly trustchain: Pick<Trustchain, 'receive' | 'store'>;
  readonly currencies: CurrencyRegister;
  readonly environment: Environment;
  /** A currency became known: what names it can be read now. */
  readonly found: (currency: IssuedCurrency) => Promise<void>;
}

/** Learns currencies from peers and tells them those known here. */
export class CurrencyExchange {
  readonly #needs: CurrencyExchangeNeeds;
  readonly #asking = new Map<CurrencyId, Promise<IssuedCurrency | undefined>>();
  readonly #release: () => void;

  constructor(needs: CurrencyExchangeNeeds) {
    this.#needs = needs;
    this.#release = needs.network.handle(CURRENCY_PROTOCOL, async ({ body }) => this.#answer(body), {
      maxRequestBytes: MAX_CURRENCY_REQUEST_BYTES,
      maxConcurrentPerPeer: 4,
    });
  }

  stop(): void {
    this.#release();
  }

  /** Takes in a currency by its signed block. Throws `ERR_BLOCK_*`, `ERR_MARKET_FORMAT`, and `undefined` for no currency. */
  async add(bytes: Uint8Array): Promise<IssuedCurrency | undefined> {
    const { block } = await this.#needs.trustchain.receive(bytes);
    return this.#take(block);
  }

  /** The currency, asked of `from` and of connected peers when it is not known; undefined when nobody knows it. */
  async find(
    id: CurrencyId,
    from: readonly PublicKey[] = [],
    options: AbortOptions = {},
  ): Promise<IssuedCurrency | undefined> {
    throwIfAborted(options.signal);
    const known = this.#needs.currencies.get(id);
    if (known !== undefined) return known.kind === 'issued' ? known : undefined;
    if (!isIssuedCurrency(id)) return undefined;
    const asking = this.#asking.get(id) ?? this.#ask(id, from).finally(() => this.#asking.delete(id));
    this.#asking.set(id, asking);
    return asking;
  }

  async #ask(id: CurrencyId, from: readonly PublicKey[]): Promise<IssuedCurrency | undefined> {
    const { network, environment, trustchain } = this.#needs;
    // It may have been known and have given way to others.
    const stored = await trustchain.store.get(CID.parse(id) as BlockId);
    const kept = stored === undefined ? undefined : await this.#take(stored);
    if (kept !== undefined) return kept;
    const peers = [...from, ...network.peers()].slice(0, MAX_PEERS);
    for (const peer of peers) {
      try {
        const reply = await withDeadline(environment, ANSWER_MS, 'Asking for a currency', (signal) =>
          singleFrame(
            network.request(peer, CURRENCY_PROTOCOL, encodeCurrencyRequest([id]), {
              signal,
              timeoutMs: ANSWER_MS,
              maxFrameBytes: MAX_REPLY_BYTES,
            }),
          ),
        );
        for (const bytes of decodeCurrencyReply(reply)) {
          const currency = await this.add(bytes);
          if (currency?.id === id) return currency;
        }
      } catch (error) {
        // A peer that is away or lies leaves the question to the next one.
        if (!isEdmpError(error)) throw error;
      }
    }
    return undefined;
  }

  async #take(block: HalfBlock): Promise<IssuedCurrency | undefined> {
    const { currencies, found } = this.#needs;
    const before = currencies.get(block.id.toString());
    const currency = currencies.add(block);
    if (currency !== undefined && before === undefined) await found(currency);
    return currency;
  }

  #answer(bytes: Uint8Array): Uint8Array {
    const blocks: Uint8Array[] = [];
    for (const id of decodeCurrencyRequest(bytes)) {
      const currency = this.#needs.currencies.get(id);
      if (currency?.kind === 'issued') blocks.push(currency.block.bytes);
    }
    return encodeCurrencyReply(blocks);
  }
}
