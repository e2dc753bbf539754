import {
  type HalfBlock,
  isEdmpError,
  type KeyValueStore,
  type PublicKey,
  publicKeyToHex,
  type Signer,
} from '../../packages/interface/src/index.ts';
import { type Spending, spendingOf } from '../../packages/market/src/codec.ts';
import { openCertificateStore } from '../../packages/market/src/evidence/certificate-store.ts';
import {
  type CurrencyRegister,
  createLedger,
  currencyRegister,
  type Ledger,
} from '../../packages/market/src/ledger.ts';
import {
  type Certificate,
  faultsOf,
  type NotaryCount,
  type Statement,
  signStatement,
  verifyCertificate,
} from '../../packages/market/src/notary.ts';
import { DEAD_CODE } from '../lib/disk.ts';
import type { SimNode } from '../lib/node.ts';
import type { World } from '../lib/world.ts';
import { tapStatements } from './statements.ts';

interface Fact {
  readonly statement: Statement;
  readonly signers: Map<string, Signer>;
}

/** Blocks read from a store at once. */
const PAGE = 1_000;

/**
 * Everything that exists: every block on any disk, every statement that a notary or witness is bound to, every
 * certificate that could be made of them whether anybody made it or not. Nobody in the simulation sees as much; what
 * must never be true is checked here.
 */
export class Universe {
  readonly currencies: CurrencyRegister = currencyRegister();
  /** The market's own fold over all of it. */
  readonly ledger: Ledger;
  readonly spendings = new Map<string, Spending>();
  readonly certificates = new Map<string, Certificate>();
  readonly #listeners: ((node: SimNode, statement: Statement) => void)[] = [];
  readonly #world: World;
  readonly #blocks = new Map<string, HalfBlock>();
  readonly #facts = new Map<string, Fact>();
  readonly #undecided = new Set<string>();
  readonly #cursors = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.ledger = createLedger({
      crypto: world.crypto,
      currencies: this.currencies,
      now: world.environment.now(),
    });
    world.tapStatements((node, store) =>
      tapStatements(store, world.crypto, (statement, signer) => {
        world.trace(`${node.name} binds itself ${statement.kind} ${statement.subject}`);
        this.bind(statement, signer);
        for (const listener of this.#listeners) listener(node, statement);
      }),
    );
  }

  /** Hears of every statement at the moment in which its notary's disk has it, before anybody is told. */
  onBound(listener: (node: SimNode, statement: Statement) => void): void {
    this.#listeners.push(listener);
  }

  get blocks(): ReadonlyMap<string, HalfBlock> {
    return this.#blocks;
  }

  /** Notes that `signer` has said a statement, or can say it at any time. */
  bind(statement: Statement, signer: Signer): void {
    const name = factOf(statement);
    const fact = this.#facts.get(name) ?? { statement, signers: new Map<string, Signer>() };
    fact.signers.set(publicKeyToHex(signer.publicKey), signer);
    this.#facts.set(name, fact);
    this.#undecided.add(name);
  }

  /** Whether a quorum stands behind a statement; with `counts`, a quorum of those whose statement keys it holds for. */
  has(
    kind: Statement['kind'],
    subject: string,
    extra: string | null = null,
    counts?: (statementKey: string) => boolean,
  ): boolean {
    const name = `${kind} ${subject} ${extra ?? ''}`;
    const certificate = this.certificates.get(name);
    if (certificate === undefined || counts === undefined) return certificate !== undefined;
    const keys = (this.#keysOf(certificate) ?? []).map(publicKeyToHex);
    const signers = new Set(this.#facts.get(factOf(certificate))?.signers.keys());
    // Whose word was not written down is on the certificate.
    for (const { index } of certificate.shares) signers.add(keys[index] ?? '');
    return [...signers].filter(counts).length >= 2 * faultsOf(keys.length as NotaryCount) + 1;
  }

  /** Releases of a hold that a quorum acknowledged. */
  acknowledged(hold: string): readonly string[] {
    const prefix = `ack ${hold} `;
    return [...this.certificates.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  /** Statement keys, hex, that acknowledged a release of a hold: a certain one, or any. */
  acknowledgers(hold: string, release = ''): readonly string[] {
    return [...this.#facts]
      .filter(([name]) => name.startsWith(`ack ${hold} ${release}`))
      .flatMap(([, { signers }]) => [...signers.keys()]);
  }

  /** Takes in what came to any disk or was said since the last call. */
  async look(): Promise<void> {
    for (const node of this.#world.nodes) {
      const { running } = node;
      if (running === null) continue;
      const name = `${node.name} ${node.starts}`;
      for (;;) {
        const after = this.#cursors.get(name) ?? 0;
        const page = await running.stores.blocks.since(after, PAGE).catch(() => []);
        for (const { block, arrival } of page) {
          this.take(block);
          this.#cursors.set(name, arrival);
        }
        if (page.length < PAGE) break;
      }
    }
    for (const { running } of this.#world.nodes) {
      if (running === null) continue;
      await this.#lookForOutcomes(running.stores.records).catch((error: unknown) => {
        if (!isEdmpError(error, DEAD_CODE)) throw error; // Else the node ended while it was read.
      });
    }
    for (const name of [...this.#undecided]) await this.#decide(name);
    this.ledger.advance(this.#world.environment.now());
  }

  /** Takes in one block. */
  take(block: HalfBlock): void {
    const key = block.id.toString();
    if (this.#blocks.has(key)) return;
    this.#blocks.set(key, block);
    this.ledger.applyBlock(block);
    const spending = readSpending(block);
    if (spending !== undefined) this.spendings.set(key, spending);
  }

  /** What witnesses say of a hold in test money without writing it down is known from whoever keeps their certificate. */
  async #lookForOutcomes(records: KeyValueStore): Promise<void> {
    const kept = await openCertificateStore({ store: records });
    for await (const certificate of kept.own()) {
      const name = nameOf(certificate);
      if (certificate.currency !== null || certificate.kind === 'ack' || this.certificates.has(name))
        continue;
      const keys = this.#keysOf(certificate);
      if (keys === undefined || !verifyCertificate(certificate, keys, this.#world.crypto)) continue;
      this.certificates.set(name, certificate);
      this.ledger.applyCertificate(certificate);
    }
  }

  async #decide(name: string): Promise<void> {
    const fact = this.#facts.get(name);
    if (fact === undefined) return;
    const keys = this.#keysOf(fact.statement);
    if (keys === undefined) return; // Its block is on no disk yet.
    this.#undecided.delete(name);
    const spending = this.spendings.get(fact.statement.subject.toString());
    const currency = fact.statement.currency?.toString();
    // A bit of a rotten row made it another currency's.
    if (currency !== undefined && currency !== spending?.money.currency) return;
    const shares: { readonly index: number; readonly signature: Uint8Array }[] = [];
    for (const [index, key] of keys.entries()) {
      const signer = fact.signers.get(publicKeyToHex(key));
      if (signer === undefined) continue;
      shares.push({ index, signature: await signStatement(fact.statement, signer, this.#world.crypto) });
    }
    if (keys.length === 0 || shares.length < 2 * faultsOf(keys.length as NotaryCount) + 1) return;
    const certificate = { ...fact.statement, shares } as Certificate;
    this.certificates.set(nameOf(certificate), certificate);
    if (fact.statement.kind !== 'ack') this.ledger.applyCertificate(certificate);
  }

  #keysOf({ subject }: Statement): readonly PublicKey[] | undefined {
    const spending = this.spendings.get(subject.toString());
    return spending === undefined ? undefined : this.witnessesOf(spending);
  }

  /** Whose statements decide about a spending. */
  witnessesOf(spending: Spending): readonly PublicKey[] | undefined {
    const currency = this.currencies.get(spending.money.currency);
    if (currency?.kind === 'issued') return currency.notaries;
    return currency === undefined ? undefined : (spending.hold?.witnesses ?? []);
  }
}

function factOf(statement: Statement): string {
  return `${nameOf(statement)} ${statement.currency?.toString() ?? ''}`;
}

function nameOf({ kind, subject, extra }: Statement): string {
  return `${kind} ${subject.toString()} ${extra?.toString() ?? ''}`;
}

function readSpending(block: HalfBlock): Spending | undefined {
  try {
    return spendingOf(block);
  } catch {
    return undefined; // Unreadable money counts nowhere.
  }
}
