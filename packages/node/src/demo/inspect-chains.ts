import { join } from 'node:path';
import { type PublicKey, publicKeyFromHex, publicKeyToHex, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { marketRules } from '@edmp/market';
import { createLedger, currencyRegister, type Ledger } from '@edmp/market/ledger';
import { type Certificate, openCertificateStore, verifyCertificate } from '@edmp/market/notary';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { verifyChain } from '@edmp/trustchain/tools';

/** One node's data folder. */
export interface ChainFolder {
  readonly folder: string;
  /** Author whose chain is checked, hex. */
  readonly key: string;
}

/** What was found in the folders. */
export interface Inspection {
  /** Half blocks in the authors' own chains. */
  readonly blocks: number;
  /** Different certificates. */
  readonly certificates: number;
  /** Statement keys, hex, of the notaries and witnesses that signed them. */
  readonly signers: readonly string[];
  /** What all accounts, holds and unclaimed incomes of issued money add up to, minor units: 0, or somebody made money. */
  readonly remainder: bigint;
  readonly valid: boolean;
}

const PAGE = 1_000;

/**
 * Re-checks nodes from their files: encoding, signatures, neighbours, links and the market's rules of their chains, and
 * every certificate that they keep against the notaries or witnesses that its block names.
 */
export async function inspectChains(folders: readonly ChainFolder[]): Promise<Inspection> {
  const crypto = nodeCrypto();
  const rules = new Map(Object.entries(marketRules(crypto)));
  const now = systemEnvironment().now();
  const currencies = currencyRegister();
  const ledger = createLedger({ crypto, currencies, now });
  const certificates = new Map<string, Certificate>();
  let blocks = 0;
  let valid = true;
  for (const { folder, key } of folders) {
    const store = sqliteBlockStore({ path: join(folder, 'chain.sqlite') });
    const records = sqliteKeyValueStore({ path: join(folder, 'records.sqlite') });
    try {
      const report = await verifyChain(store, publicKeyFromHex(key), { crypto, now, rules });
      blocks += report.blocks;
      valid &&= report.sound && report.blocks > 0;
      for (let after = 0; ; ) {
        const page = await store.since(after, PAGE);
        for (const { block, arrival } of page) {
          after = arrival;
          ledger.applyBlock(block);
        }
        if (page.length < PAGE) break;
      }
      for await (const certificate of (await openCertificateStore({ store: records })).own()) {
        certificates.set(`${certificate.kind} ${certificate.subject}`, certificate);
      }
    } finally {
      await store.close();
      await records.close();
    }
  }
  const signers = (certificate: Certificate): readonly PublicKey[] =>
    signersOf(certificate, ledger, currencies);
  const signed = new Set<string>();
  for (const certificate of certificates.values()) {
    const keys = signers(certificate);
    valid &&= verifyCertificate(certificate, keys, crypto);
    for (const { index } of certificate.shares) {
      const key = keys[index];
      if (key !== undefined) signed.add(publicKeyToHex(key));
    }
    ledger.applyCertificate(certificate);
  }
  let remainder = 0n;
  for (const { kind, id } of currencies.values()) {
    if (kind !== 'issued') continue;
    const { accounts, held, unclaimed } = ledger.total(id);
    remainder += accounts + held + unclaimed;
  }
  return {
    blocks,
    certificates: certificates.size,
    signers: [...signed].sort(),
    remainder,
    valid: valid && remainder === 0n,
  };
}

/** Who had to sign: the notaries of the currency, or the witnesses of the hold; nobody when the block is not there. */
function signersOf(
  { kind, currency, subject }: Certificate,
  ledger: Ledger,
  currencies: ReturnType<typeof currencyRegister>,
): readonly PublicKey[] {
  if (kind !== 'spend') return ledger.hold(subject.toString())?.witnesses ?? [];
  const issued = currency === null ? undefined : currencies.get(currency.toString());
  return issued?.kind === 'issued' ? issued.notaries : [];
}
