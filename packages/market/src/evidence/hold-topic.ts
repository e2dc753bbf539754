import {
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type Network,
  type PublicKey,
  publicKeyToHex,
  type TopicVerdict,
  type Trustchain,
} from '@edmp/interface';
import { boundedSet, tokenBuckets } from '@edmp/interface/bounded';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import { currencyLink } from '../asset/currency-link.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import { releaseOf } from '../blocks/release.ts';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import { checkHold, tradeProposalOf } from '../blocks/trade.ts';
import {
  type Certificate,
  decodeCertificate,
  encodeCertificate,
  verifyCertificate,
} from '../notary/certificate.ts';
import type { CertificateKeys } from './certificate-exchange.ts';
import { type CertificateStore, matterOf } from './certificate-store.ts';
import { decodeHoldMessage, encodeHoldMessage, HOLDS_TOPIC, type HoldMessage } from './hold-messages.ts';

/** Messages that one peer may deliver: about what a busy market makes. */
const RATE = { burst: 1_000, perSecond: 100 };
/** Messages remembered, so that each is taken and relayed once. */
const MAX_SEEN = 20_000;

/** A hold that was verified: its proposal fits, both are signed, and in issued money it is certified. */
export interface SpreadHold {
  readonly proposal: HalfBlock;
  readonly hold: Spending;
  /** Null in test money. */
  readonly certificate: Certificate | null;
}

/** Spreads holds and outcomes. */
export interface HoldTopic {
  publishHold(spread: SpreadHold): Promise<void>;
  /** Tells that a seller honours a hold in test money. */
  publishRelease(release: HalfBlock): Promise<void>;
  publishOutcome(certificate: Certificate): Promise<void>;
  stop(): void;
}

/** Options of {@link openHoldTopic}. */
export interface HoldTopicOptions {
  readonly network: Network;
  readonly crypto: Crypto;
  readonly environment: Pick<Environment, 'now'>;
  readonly currencies: CurrencyRegister;
  readonly certificates: CertificateStore;
  /** The witnesses of a known hold, for its outcome. */
  readonly keysOf: CertificateKeys;
  /** The seller of a known hold in test money: only its release is worth telling. */
  readonly sellerOf: (hold: string) => PublicKey | undefined;
  /** Verifies a signed block and keeps it; the chain's `receive`. */
  readonly receive: Trustchain['receive'];
}

/** Takes part in the topic until it is stopped. Nothing is relayed before it is verified, and each thing once. */
export function openHoldTopic(options: HoldTopicOptions): HoldTopic {
  const topic = new HoldTopicService(options);
  topic.open();
  return topic;
}

class HoldTopicService implements HoldTopic {
  readonly #options: HoldTopicOptions;
  readonly #rate: ReturnType<typeof tokenBuckets>;
  readonly #seen = boundedSet<string>({ max: MAX_SEEN });
  #close: () => void = () => {};

  constructor(options: HoldTopicOptions) {
    this.#options = options;
    this.#rate = tokenBuckets(RATE, () => options.environment.now());
  }

  open(): void {
    this.#close = this.#options.network.subscribe(HOLDS_TOPIC, (body, from) => this.#receive(body, from));
  }

  async publishHold({ proposal, hold, certificate }: SpreadHold): Promise<void> {
    this.#seen.add(`hold ${hold.key}`);
    await this.#publish({
      kind: 'hold',
      proposal: proposal.bytes,
      hold: hold.block.bytes,
      certificate: certificate === null ? null : encodeCertificate(certificate),
    });
  }

  async publishRelease(release: HalfBlock): Promise<void> {
    this.#seen.add(`release ${release.id}`);
    await this.#publish({ kind: 'release', release: release.bytes });
  }

  async publishOutcome(certificate: Certificate): Promise<void> {
    this.#seen.add(`outcome ${certificate.subject}`);
    await this.#publish({ kind: 'outcome', hold: certificate.subject, certificate });
  }

  stop(): void {
    this.#close();
  }

  #publish(message: HoldMessage): Promise<void> {
    return this.#options.network.publish(HOLDS_TOPIC, encodeHoldMessage(message));
  }

  async #receive(body: Uint8Array, from: PublicKey): Promise<TopicVerdict> {
    if (!this.#rate.take(publicKeyToHex(from))) return 'ignore';
    try {
      const message = decodeHoldMessage(body);
      switch (message.kind) {
        case 'hold':
          return await this.#takeHold(message);
        case 'release':
          return await this.#takeRelease(message);
        default:
          return await this.#takeOutcome(message);
      }
    } catch (error) {
      if (isEdmpError(error)) return 'reject';
      throw error;
    }
  }

  async #takeHold(message: Extract<HoldMessage, { kind: 'hold' }>): Promise<TopicVerdict> {
    const { crypto, currencies, certificates } = this.#options;
    const hold = spendingOf(decodeHalfBlock(message.hold, crypto));
    if (hold?.hold == null) return 'reject';
    const name = `hold ${hold.key}`;
    if (this.#seen.has(name)) return 'ignore';
    const proposal = decodeHalfBlock(message.proposal, crypto);
    checkHold(hold, tradeProposalOf(proposal, crypto));
    const link = currencyLink(hold.money.currency);
    let certificate: Certificate | null = null;
    if (link !== null) {
      const currency = currencies.get(hold.money.currency);
      // Somebody else's currency is nothing to judge, nor to relay.
      if (currency?.kind !== 'issued') return 'ignore';
      if (message.certificate === null) return 'reject';
      certificate = decodeCertificate(message.certificate, link);
      const isSpend = certificate.kind === 'spend' && equalBytes(certificate.subject.bytes, hold.id.bytes);
      if (!isSpend || !verifyCertificate(certificate, currency.notaries, crypto)) return 'reject';
    }
    // The chain verifies them, once, whoever else brings them.
    const verdict = await this.#keep([proposal.bytes, hold.block.bytes]);
    if (verdict !== 'accept') return verdict;
    this.#seen.add(name);
    if (certificate !== null) await certificates.put(certificate);
    return 'accept';
  }

  async #takeRelease({ release }: Extract<HoldMessage, { kind: 'release' }>): Promise<TopicVerdict> {
    const { crypto, sellerOf } = this.#options;
    const block = decodeHalfBlock(release, crypto);
    const name = `release ${block.id}`;
    if (this.#seen.has(name)) return 'ignore';
    const seller = sellerOf(releaseOf(block).hold.toString());
    // Of a hold that is not known here it says nothing.
    if (seller === undefined) return 'ignore';
    if (!equalBytes(seller, block.core.key)) return 'reject';
    const verdict = await this.#keep([release]);
    if (verdict === 'accept') this.#seen.add(name);
    return verdict;
  }

  async #keep(blocks: readonly Uint8Array[]): Promise<TopicVerdict> {
    try {
      const receiving = blocks.map((bytes) => this.#options.receive(bytes));
      // Whichever fails first is reported; what becomes of the others is nobody's business then.
      for (const one of receiving) one.catch(() => {});
      let isInvalid = false;
      for (const one of receiving) isInvalid = (await one).level === 'invalid' || isInvalid;
      // Nodes that know less of a chain find nothing wrong with it: relaying it was no fault.
      return isInvalid ? 'ignore' : 'accept';
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return error.code.startsWith('ERR_BLOCK_') ? 'reject' : 'ignore';
    }
  }

  async #takeOutcome({
    hold,
    certificate,
  }: Extract<HoldMessage, { kind: 'outcome' }>): Promise<TopicVerdict> {
    const { crypto, certificates, keysOf } = this.#options;
    const name = `outcome ${hold}`;
    if (this.#seen.has(name)) return 'ignore';
    if (matterOf(certificate.kind) !== 'outcome' || !equalBytes(certificate.subject.bytes, hold.bytes)) {
      return 'reject';
    }
    const keys = keysOf(certificate);
    if (keys === undefined) return 'ignore';
    if (!verifyCertificate(certificate, keys, crypto)) return 'reject';
    this.#seen.add(name);
    await certificates.put(certificate);
    return 'accept';
  }
}
