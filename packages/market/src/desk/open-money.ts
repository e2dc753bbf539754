import type { AbortOptions, KeyValueStore, PublicKey } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { type CurrencyRegister, currencyRegister } from '../asset/currency-register.ts';
import type { Spending } from '../blocks/spending.ts';
import { spendingOf } from '../blocks/spending.ts';
import {
  type CertificateExchange,
  type CertificateKeys,
  openCertificateExchange,
} from '../evidence/certificate-exchange.ts';
import { type CertificateStore, openCertificateStore } from '../evidence/certificate-store.ts';
import { createLedger } from '../ledger/create-ledger.ts';
import type { Hold } from '../ledger/hold.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { MarketOptions } from '../market.ts';
import type { Certificate } from '../notary/certificate.ts';
import { type NotaryClient, notaryClient } from '../notary/client.ts';
import { type Directory, openDirectory } from '../notary/directory.ts';
import type { Notary } from '../notary/notary.ts';
import { type NotaryProofs, openNotaryProofs } from '../notary/proof-register.ts';
import type { NotaryRole } from '../notary/role.ts';
import { type Bookkeeper, createBookkeeper } from '../wallet/bookkeeper.ts';
import { Certifier } from '../wallet/certifier.ts';
import { OwnBlocks } from '../wallet/own-blocks.ts';
import { Spender } from '../wallet/spender.ts';

/** What {@link openMoney} needs besides the market's options. */
export interface MoneyNeeds
  extends Pick<MarketOptions, 'trustchain' | 'network' | 'environment' | 'crypto' | 'settlement'> {
  /** Absent: this node is no notary. */
  readonly notary: NotaryRole | undefined;
  readonly records: KeyValueStore;
  readonly deltaMs: number;
  /** Statement keys that this node trusts in test money: proofs against them matter here. */
  readonly trusted: readonly PublicKey[];
  /** Hears of what went wrong with this node's own money or its own notary. */
  readonly report: (what: string, error: unknown) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/** The money of one node: the fold, its certificates, whoever signs them, and the one writer of its accounts. */
export interface MarketMoney {
  readonly currencies: CurrencyRegister;
  readonly ledger: Ledger;
  readonly books: Bookkeeper;
  readonly certificates: CertificateStore;
  readonly certificateExchange: CertificateExchange;
  readonly keysOf: CertificateKeys;
  readonly directory: Directory;
  readonly notary: Notary | undefined;
  readonly proofs: NotaryProofs;
  readonly client: NotaryClient;
  readonly spender: Spender;
  readonly ownBlocks: OwnBlocks;
  /** Asks the witnesses of this node's own holds for outcomes, with what it can show them, and keeps those that there are. */
  readonly settleOwn: (holds: readonly Hold[], options: AbortOptions) => Promise<void>;
  /** Asks the witnesses of others' holds for outcomes, and takes those that there are into the ledger. */
  readonly settleOthers: (holds: readonly Hold[], options: AbortOptions) => Promise<void>;
  /** Keeps a certificate durably; the ledger hears of it. */
  readonly learn: (certificate: Certificate) => Promise<void>;
  stop(): Promise<void>;
}

/** Opens the parts that keep and move money, over a ledger that is still empty. Throws the stores' errors. */
export async function openMoney(needs: MoneyNeeds): Promise<MarketMoney> {
  const { trustchain, network, environment, crypto, settlement, records, deltaMs, report, signal } = needs;
  const currencies = currencyRegister();
  const ledger = createLedger({
    crypto,
    currencies,
    now: environment.now(),
    self: trustchain.self,
    floor: trustchain.floor,
  });
  const books = createBookkeeper(ledger, environment);
  const certificates = await openCertificateStore({ store: records });
  certificates.on((certificate) => books.takeCertificate(certificate));
  const learn = (certificate: Certificate): Promise<void> => certificates.put(certificate, { keep: true });
  const keysOf: CertificateKeys = ({ kind, currency, subject }) => {
    if (kind !== 'spend') return ledger.hold(subject.toString())?.witnesses;
    const issued = currency === null ? undefined : currencies.get(currency.toString());
    return issued?.kind === 'issued' ? issued.notaries : undefined;
  };
  const certificateExchange = openCertificateExchange({ network, certificates, keysOf, crypto, environment });
  const directory = openDirectory({ network, crypto, environment });
  const isRelevant = (key: PublicKey): boolean => needs.trusted.some((trusted) => equalBytes(trusted, key));
  const proofs = await openNotaryProofs({
    network,
    crypto,
    environment,
    currencies,
    store: records,
    isRelevant,
  });
  const notary = await needs.notary?.open({
    crypto,
    environment,
    network,
    directory,
    judge: (trade, proof) => settlement.judge(trade, proof),
    deltaMs,
    isVerified: async (block) => {
      const stored = await trustchain.store.get(block.id);
      return stored !== undefined && equalBytes(stored.signature, block.signature);
    },
    onEvent: (event) => {
      if (event.type === 'halted') report('the own notary', new Error(event.reason));
    },
  });
  const client = notaryClient({
    network,
    crypto,
    environment,
    directory,
    blocks: (id) => trustchain.store.get(id),
    certificates,
    currencies,
    proofs,
    deltaMs,
    signal,
  });
  const certifier = new Certifier({
    certify: (spending, options) => client.certify(spending, options),
    keep: learn,
    environment,
    signal,
    refused: (spending, error) => report(`certifying payment ${spending.money.n}`, error),
  });
  const ownBlocks = new OwnBlocks({
    self: trustchain.self,
    environment,
    client,
    books,
    certifier,
    receive: (block) => trustchain.receive(block.bytes),
    signal,
  });
  const spender = new Spender({
    trustchain,
    currencyOf: (id) => currencies.get(id),
    books,
    certifier,
    environment,
    lastKnown: (currency, options) => client.account(currency, trustchain.self, options),
    learn: (currency, options) => ownBlocks.learn(currency, options),
    settle: (holds, options) => settle(holds, { client, certificates, learn }, options),
  });
  return {
    currencies,
    ledger,
    books,
    certificates,
    certificateExchange,
    keysOf,
    directory,
    notary,
    proofs,
    client,
    spender,
    ownBlocks,
    learn,
    settleOwn: (holds, options) => settle(holds, { client, certificates, learn }, options),
    async settleOthers(holds, options) {
      const spendings = holds.flatMap(({ block }) => spendingOf(block) ?? []);
      // What it finds goes into the store of certificates, which tells the ledger.
      await client.outcomes(spendings, { keep: false }, options);
    },
    async stop() {
      certificateExchange.stop();
      proofs.stop();
      directory.stop();
      await notary?.stop();
    },
  };
}

/** Asks the witnesses of holds for outcomes, with what this node can show them. */
async function settle(
  holds: readonly Hold[],
  parts: Pick<MarketMoney, 'client' | 'certificates' | 'learn'>,
  options: AbortOptions,
): Promise<void> {
  const { client, certificates, learn } = parts;
  const receipts = new Map(
    holds.flatMap(({ key, receipt }) => (receipt === null ? [] : [[key, receipt] as const])),
  );
  const acks = new Map<string, Certificate>();
  for (const { key } of holds) {
    const found = await certificates.find('ack', key);
    if (found !== undefined) acks.set(key, found);
  }
  const spendings = holds
    .map(({ block }) => spendingOf(block))
    .filter((spending): spending is Spending => spending !== undefined);
  const outcomes = await client.outcomes(spendings, { receipts, acks }, options);
  for (const certificate of outcomes.values()) await learn(certificate);
}
