import type {
  AbortOptions,
  BlockId,
  Environment,
  HalfBlock,
  KeyValueStore,
  PublicKey,
  Trustchain,
  Wallet,
} from '@edmp/interface';
import { bytesToHex, equalBytes, isEdmpError, sleep, throwIfAborted, utf8ToBytes } from '@edmp/interface';
import { keyedMutex } from '@edmp/interface/bounded';
import { MAX_AMOUNT } from '../asset/currency.ts';
import { decodePayment, MAX_PARTS, PAYMENT_TYPE, type PaymentTx, paymentToTx } from '../blocks/payment.ts';
import { MarketError } from '../errors.ts';

/** Sums that a payee waits for at once. */
const MAX_EXPECTED = 1_000;
/** Blocks read at a time. */
const PAGE = 256;
/** How long a payee waits for a payment that was told and has not arrived: a slow bank takes a day. */
const ARRIVAL_MS = 86_400_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 300_000;
const CLAIMED_PREFIX = 'market/instalment/';

/** A sum that this node pays in parts. */
export interface InstalmentPlan {
  /** What is paid for, 32 bytes. */
  readonly reference: Uint8Array;
  readonly payee: PublicKey;
  /** The payee's address in the wallet. */
  readonly address: string;
  /** Id of the wallet to pay from. */
  readonly wallet: string;
  /** Minor units in all. */
  readonly amount: bigint;
  /** 1 … 104 parts, as even as whole minor units allow. */
  readonly parts: number;
}

/** A sum that this node waits for. */
export interface ExpectedSum {
  readonly reference: Uint8Array;
  readonly payer: PublicKey;
  readonly wallet: string;
  readonly amount: bigint;
  readonly parts: number;
}

/** What has come in of an expected sum. */
export interface ReceivedSum {
  readonly parts: number;
  readonly amount: bigint;
  /** All parts are there and their amounts add up. */
  readonly complete: boolean;
}

/** Pays and takes sums in money that is kept outside, part by part, each part a confirmed pair on both chains. */
export interface Instalments extends Disposable {
  /**
   * Pays all parts, each after the payee confirmed the one before; called again after an interruption it goes on and
   * pays nothing twice. Returns the payee's confirmations. Throws `ERR_WALLET_*`, `ERR_MARKET_UNKNOWN` (wallet),
   * `ERR_TRADE_REFUSED` (the payee refused a part), `ERR_IDEMPOTENCY` (the reference stands for another sum), `ERR_ABORTED`.
   */
  pay(plan: InstalmentPlan, options?: AbortOptions): Promise<readonly HalfBlock[]>;
  /** Confirms parts of this sum as they arrive, those told before included. Throws `ERR_MARKET_FORMAT`, `ERR_ORDER_LIMIT`, `ERR_IDEMPOTENCY`. */
  expect(sum: ExpectedSum): Promise<void>;
  received(reference: Uint8Array): ReceivedSum | undefined;
  stop(): void;
}

/** What {@link createInstalments} needs. */
export interface InstalmentNeeds {
  readonly trustchain: Pick<Trustchain, 'self' | 'store' | 'propose' | 'agree' | 'refuse' | 'pair' | 'on'>;
  readonly wallets: readonly Wallet[];
  readonly records: KeyValueStore;
  readonly environment: Environment;
  /** Hears why a part that was told is not confirmed yet. */
  readonly report?: (reason: string) => void;
}

/** The service of one node. */
export function createInstalments(needs: InstalmentNeeds): Instalments {
  return new InstalmentDesk(needs);
}

interface Waited extends ExpectedSum {
  readonly confirmed: Map<number, bigint>;
  /** Payments of it being looked at. */
  looking: number;
}

/** Payments of one sum looked at beyond its parts: those that a payer told twice by mistake. */
const MAX_SPARE = 8;

class InstalmentDesk implements Instalments {
  readonly #needs: InstalmentNeeds;
  readonly #stopping = new AbortController();
  readonly #expected = new Map<string, Waited>();
  /** Proposals being looked at, by id. */
  readonly #busy = new Set<string>();
  /** One payment of a reference at a time: two calls at once would tell of one part twice. */
  readonly #paying = keyedMutex<string>();
  readonly #leave: () => void;

  constructor(needs: InstalmentNeeds) {
    this.#needs = needs;
    this.#leave = needs.trustchain.on((event) => {
      if (event.type === 'block' && !event.own) this.#consider(event.block);
    });
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  stop(): void {
    this.#stopping.abort();
    this.#leave();
  }

  received(reference: Uint8Array): ReceivedSum | undefined {
    const sum = this.#expected.get(bytesToHex(reference));
    if (sum === undefined) return undefined;
    let amount = 0n;
    for (const part of sum.confirmed.values()) amount += part;
    const parts = sum.confirmed.size;
    return { parts, amount, complete: parts === sum.parts && amount === sum.amount };
  }

  async expect(sum: ExpectedSum): Promise<void> {
    this.#walletOf(sum.wallet);
    checkSum(sum);
    const key = bytesToHex(sum.reference);
    const known = this.#expected.get(key);
    if (known !== undefined) {
      const { wallet, amount, parts, payer } = known;
      const same = wallet === sum.wallet && amount === sum.amount && parts === sum.parts;
      if (same && equalBytes(payer, sum.payer)) return;
      throw otherSum(`${amount} ${wallet} in ${parts} parts are expected`);
    }
    if (this.#expected.size >= MAX_EXPECTED) this.#forgetComplete();
    if (this.#expected.size >= MAX_EXPECTED) {
      throw new MarketError('ERR_ORDER_LIMIT', `At most ${MAX_EXPECTED} sums can be expected at once`);
    }
    this.#expected.set(key, { ...sum, confirmed: new Map(), looking: 0 });
    for await (const block of this.#payments(sum.payer)) {
      if (block.core.peer !== null && equalBytes(block.core.peer, this.#needs.trustchain.self)) {
        this.#consider(block);
      }
    }
  }

  async pay(plan: InstalmentPlan, options: AbortOptions = {}): Promise<readonly HalfBlock[]> {
    throwIfAborted(options.signal);
    const wallet = this.#walletOf(plan.wallet);
    checkSum(plan);
    const amounts = evenParts(plan.amount, plan.parts);
    if ((amounts.at(-1) ?? 0n) < wallet.minUnit) {
      throw new MarketError(
        'ERR_ORDER_AMOUNT',
        `${plan.amount} ${wallet.id} in ${plan.parts} parts gives parts below ${wallet.minUnit}`,
      );
    }
    return this.#paying.run(bytesToHex(plan.reference), () => this.#payAll(plan, wallet, amounts, options));
  }

  async #payAll(
    plan: InstalmentPlan,
    wallet: Wallet,
    amounts: readonly bigint[],
    options: AbortOptions,
  ): Promise<readonly HalfBlock[]> {
    const confirmations: HalfBlock[] = [];
    for (const [index, amount] of amounts.entries()) {
      const part = index + 1;
      throwIfAborted(options.signal);
      const told = await this.#told(plan, part, amount);
      const proposal = told ?? (await this.#payPart(plan, wallet, part, amount, options));
      confirmations.push(await this.#confirmed(proposal.id, part, options));
    }
    return confirmations;
  }

  async #payPart(
    plan: InstalmentPlan,
    wallet: Wallet,
    part: number,
    amount: bigint,
    options: AbortOptions,
  ): Promise<HalfBlock> {
    const { reference, parts, payee } = plan;
    // The key makes a payment that was made and not told the same payment when it is asked for again.
    const key = `instalment ${bytesToHex(reference)} ${part}/${parts}`;
    const payment = await wallet.transfer(amount, plan.address, { key, ...options });
    const tx: PaymentTx = { reference, part, parts, wallet: wallet.id, payment, amount };
    return this.#needs.trustchain.propose({ peer: payee, type: PAYMENT_TYPE, tx: paymentToTx(tx) }, options);
  }

  /** The sum that was complete first makes room; what it was paid stands on the chains. */
  #forgetComplete(): void {
    for (const [key, { reference }] of this.#expected) {
      if (this.received(reference)?.complete !== true) continue;
      this.#expected.delete(key);
      return;
    }
  }

  /** The own block that told of this part before, if there is one. Throws `ERR_IDEMPOTENCY` when it told of another sum. */
  async #told(plan: InstalmentPlan, part: number, amount: bigint): Promise<HalfBlock | undefined> {
    for await (const block of this.#payments(this.#needs.trustchain.self)) {
      if (block.core.link !== null || block.core.peer === null || !equalBytes(block.core.peer, plan.payee))
        continue;
      const tx = decodePayment(block);
      if (!equalBytes(tx.reference, plan.reference)) continue;
      if (tx.wallet !== plan.wallet || tx.parts !== plan.parts) {
        throw otherSum(`parts of ${tx.parts} in ${tx.wallet} were paid`);
      }
      if (tx.part !== part) continue;
      if (tx.amount !== amount) throw otherSum(`part ${part} was ${tx.amount}`);
      return block;
    }
    return undefined;
  }

  async #confirmed(proposal: BlockId, part: number, { signal }: AbortOptions): Promise<HalfBlock> {
    const { environment, trustchain } = this.#needs;
    const either =
      signal === undefined ? this.#stopping.signal : AbortSignal.any([signal, this.#stopping.signal]);
    for (let pause = FIRST_RETRY_MS; ; pause = Math.min(pause * 2, LAST_RETRY_MS)) {
      const pair = await trustchain.pair(proposal);
      if (pair.state === 'agreed' && pair.answer !== undefined) return pair.answer;
      if (pair.state !== 'pending') {
        throw new MarketError('ERR_TRADE_REFUSED', `The payee did not take part ${part}: ${pair.reason}`);
      }
      await answerOr(trustchain, proposal, environment, pause, either);
    }
  }

  #consider(block: HalfBlock): void {
    const { core } = block;
    const { self } = this.#needs.trustchain;
    if (core.type !== PAYMENT_TYPE || core.link !== null || core.peer === null) return;
    if (!equalBytes(core.peer, self)) return;
    const tx = decodePayment(block);
    const sum = this.#expected.get(bytesToHex(tx.reference));
    const id = block.id.toString();
    if (sum === undefined || !equalBytes(sum.payer, core.key) || this.#busy.has(id)) return;
    // Only the payer can tell of more than there are parts, and each would be waited for a day.
    if (sum.looking >= sum.parts + MAX_SPARE) return;
    this.#busy.add(id);
    sum.looking++;
    this.#confirm(block, tx, sum)
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#needs.report?.(String(error));
      })
      .finally(() => {
        this.#busy.delete(id);
        sum.looking--;
      });
  }

  async #confirm(block: HalfBlock, tx: PaymentTx, sum: Waited): Promise<void> {
    const { trustchain } = this.#needs;
    const state = (await trustchain.pair(block.id)).state;
    if (state === 'agreed') sum.confirmed.set(tx.part, tx.amount);
    if (state !== 'pending') return;
    const wrong = this.#wrongWith(tx, sum);
    const refusal = wrong ?? (await this.#arrived(block, tx));
    if (refusal !== undefined) {
      await trustchain.refuse(block.id, refusal.slice(0, 200));
      return;
    }
    await trustchain.agree(block.id);
    sum.confirmed.set(tx.part, tx.amount);
  }

  #wrongWith(tx: PaymentTx, sum: Waited): string | undefined {
    if (tx.wallet !== sum.wallet) return `expected a payment in ${sum.wallet}`;
    if (tx.parts !== sum.parts) return `expected ${sum.parts} parts`;
    if (tx.amount !== evenParts(sum.amount, sum.parts)[tx.part - 1])
      return `part ${tx.part} has another amount`;
    return sum.confirmed.has(tx.part) ? `part ${tx.part} is paid` : undefined;
  }

  /** Waits for the payment itself; a text says why it is not taken. */
  async #arrived(block: HalfBlock, tx: PaymentTx): Promise<string | undefined> {
    const { environment, records } = this.#needs;
    const wallet = this.#walletOf(tx.wallet);
    const claim = { id: tx.payment, amount: tx.amount, payee: wallet.address() };
    const key = `${CLAIMED_PREFIX}${tx.wallet}/${tx.payment}`;
    const holder = await records.get(key);
    const own = utf8ToBytes(block.id.toString());
    if (holder !== undefined && !equalBytes(holder, own)) return 'this payment was used before';
    const until = environment.now() + ARRIVAL_MS;
    for (let pause = FIRST_RETRY_MS; ; pause = Math.min(pause * 2, LAST_RETRY_MS)) {
      // Claimed before it is used up, so that a restart between the two still knows whose it was.
      await records.set(key, own);
      try {
        await wallet.verify(claim);
        return undefined;
      } catch (error) {
        if (!isEdmpError(error)) throw error;
        if (holder !== undefined && !error.retryable) return undefined;
        if (!error.retryable || environment.now() >= until) {
          await records.delete(key);
          return error.message;
        }
      }
      await sleep(environment, pause, { signal: this.#stopping.signal });
    }
  }

  async *#payments(author: PublicKey): AsyncIterable<HalfBlock> {
    let after = 0;
    for (;;) {
      const page = await this.#needs.trustchain.store.byType(PAYMENT_TYPE, { author, after, limit: PAGE });
      for (const { block, arrival } of page) {
        after = arrival;
        yield block;
      }
      if (page.length < PAGE) return;
    }
  }

  #walletOf(id: string): Wallet {
    const wallet = this.#needs.wallets.find((one) => one.id === id);
    if (wallet === undefined) {
      throw new MarketError('ERR_MARKET_UNKNOWN', `There is no wallet ${String(id).slice(0, 80)} here`);
    }
    return wallet;
  }
}

/** `amount` in `parts` whole parts that differ by one minor unit at most, larger ones first. */
export function evenParts(amount: bigint, parts: number): readonly bigint[] {
  const count = BigInt(parts);
  const rest = amount % count;
  return Array.from({ length: parts }, (_, i) => amount / count + (BigInt(i) < rest ? 1n : 0n));
}

/** A reference that stands for another sum already. */
function otherSum(before: string): MarketError {
  return new MarketError(
    'ERR_IDEMPOTENCY',
    `Under this reference ${before}: a reference stands for one sum, so take another one for another sum`,
  );
}

function checkSum(sum: Pick<ExpectedSum, 'reference' | 'amount' | 'parts'>): void {
  if (!(sum.reference instanceof Uint8Array) || sum.reference.length !== 32) {
    throw new MarketError('ERR_MARKET_FORMAT', 'A reference has 32 bytes, e.g. a trade id');
  }
  if (!Number.isSafeInteger(sum.parts) || sum.parts < 1 || sum.parts > MAX_PARTS) {
    throw new MarketError('ERR_ORDER_AMOUNT', `A sum is paid in 1 to ${MAX_PARTS} parts, got ${sum.parts}`);
  }
  if (typeof sum.amount !== 'bigint' || sum.amount < BigInt(sum.parts) || sum.amount > MAX_AMOUNT) {
    throw new MarketError('ERR_ORDER_AMOUNT', `A sum is at least one minor unit a part, got ${sum.amount}`);
  }
}

/** Resolves when an answer to `proposal` comes in or `ms` have passed. Throws `ERR_ABORTED`. */
async function answerOr(
  trustchain: Pick<Trustchain, 'on'>,
  proposal: BlockId,
  environment: Environment,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const answered = new AbortController();
  const leave = trustchain.on((event) => {
    if (event.type === 'block' && event.block.core.link?.equals(proposal) === true) answered.abort();
  });
  try {
    await sleep(environment, ms, { signal: AbortSignal.any([signal, answered.signal]) });
  } catch (error) {
    if (signal.aborted) throw error;
  } finally {
    leave();
  }
}
