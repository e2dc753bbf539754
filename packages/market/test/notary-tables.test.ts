import { memoryKeyValueStore, type PublicKey, publicKey } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { currencyRegister } from '../src/asset/currency-register.ts';
import type { Spending } from '../src/blocks/spending.ts';
import { openCertificateStore } from '../src/evidence/certificate-store.ts';
import { encodeCertificate } from '../src/notary/certificate.ts';
import { CoverClient } from '../src/notary/client-cover.ts';
import { MAX_CURRENCIES } from '../src/notary/limits.ts';
import type { NotaryLine } from '../src/notary/line.ts';
import { encodeNotaryProof, notaryProofOf } from '../src/notary/notary-proof.ts';
import { NOTARY_PROOFS_TOPIC, type NotaryProofs, openNotaryProofs } from '../src/notary/proof-register.ts';
import { signStatement } from '../src/notary/statement.ts';
import { type Author, author, crypto, issue, quorum, someId } from './support/money.ts';
import {
  currencyOf,
  type NotaryNode,
  notaryWorld,
  quickCrypto,
  spendRequest,
} from './support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`tables ${name} ${names++}`, quickCrypto);
const peerKey = (i: number): PublicKey => publicKey(quickCrypto.sha256(Uint8Array.of(7, i & 255, i >> 8)));

describe('places for guest currencies at a notary', () => {
  /** How often `peer` gets a new currency of a new issuer served, in `tries`. */
  async function bring(node: NotaryNode, peer: PublicKey, tries: number): Promise<number> {
    let served = 0;
    for (let i = 0; i < tries; i++) {
      const issuer = fresh('issuer');
      const currency = await currencyOf(issuer, [node.key]);
      const block = await issuer.transfer(currency, peerKey(1), 1n);
      const request = spendRequest(node.key, [block], { currency: currency.block.bytes });
      if ((await node.ask(request, peer)).kind === 'share') served += 1;
    }
    return served;
  }

  it('are shared by the peers that bring them, after a restart too', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary();
    const greedy = await bring(node, peerKey(1), 60);
    expect(greedy).toBeLessThan(MAX_CURRENCIES / 8);
    for (let i = 2; i < 6; i++) expect(await bring(node, peerKey(i), 40)).toBeLessThan(MAX_CURRENCIES / 8);
    expect(await bring(node, peerKey(100), 1)).toBe(1);
    await node.stop();
    await node.start();
    expect(await bring(node, peerKey(1), 5)).toBe(0);
    expect(await bring(node, peerKey(101), 1)).toBe(1);
  });

  it('are one for a currency that many bring at once', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary();
    const issuer = fresh('issuer');
    const currency = await currencyOf(issuer, [node.key]);
    const block = await issuer.transfer(currency, peerKey(1), 1n);
    const request = spendRequest(node.key, [block], { currency: currency.block.bytes });
    const answers = await Promise.all([1, 2, 3, 4].map((i) => node.ask(request, peerKey(i))));
    expect(answers.map(({ kind }) => kind)).toEqual(['share', 'share', 'share', 'share']);
    expect(node.notary.currencies()).toHaveLength(1);
  });
});

describe('places for proofs against notaries', () => {
  async function proofAgainst(keys: ReturnType<typeof quorum>, index = 0): Promise<Uint8Array> {
    const subject = someId(`hold ${names++}`);
    const signed = async (kind: 'paid' | 'refund') => {
      const statement = { kind, currency: null, subject, extra: null };
      return {
        statement,
        signature: await signStatement(statement, keys.signers[index]!, crypto),
        core: null,
      };
    };
    const pair = [await signed('paid'), await signed('refund')] as const;
    return encodeNotaryProof(notaryProofOf(keys.keys[index]!, ...pair, crypto));
  }

  it('give way to proofs against those that own money rests on, and to no others', async () => {
    const world = await notaryWorld();
    const [sender, viewer] = [await world.user(), await world.user()];
    world.link(sender, viewer);
    viewer.proofs.stop();
    const currencies = currencyRegister();
    const store = memoryKeyValueStore();
    const { network } = viewer;
    const { environment } = world;
    const open = (): Promise<NotaryProofs> =>
      openNotaryProofs({ store, crypto, network, environment, currencies, max: 4 });
    let proofs = await open();
    const show = async (bytes: Uint8Array): Promise<void> => {
      await sender.network.publish(NOTARY_PROOFS_TOPIC, bytes);
      await world.environment.advance(2_000);
    };
    // A stranger's currency, whose notaries it proves to be cheats: they are its own keys.
    const strangers = quorum(`strangers ${names++}`, 7);
    currencies.add((await issue(author(`tables stranger ${names++}`), strangers)).block);
    for (let i = 0; i < 7; i++) await show(await proofAgainst(strangers, i));
    expect(proofs.proofs()).toHaveLength(4);
    const ours = quorum(`ours ${names++}`, 4);
    const { currency, block } = await issue(author(`tables ours ${names++}`), ours);
    currencies.add(block);
    currencies.pin(currency.id);
    for (let i = 0; i < 4; i++) await show(await proofAgainst(ours, i));
    expect(ours.keys.filter((key) => proofs.proof(key) !== undefined)).toHaveLength(4);
    expect(proofs.isBroken(currency.id)).toBe(true);
    for (let i = 0; i < 7; i++) await show(await proofAgainst(strangers, i));
    proofs.stop();
    proofs = await open();
    expect(proofs.proofs()).toHaveLength(4);
    expect(proofs.isBroken(currency.id)).toBe(true);
  });
});

describe('the search for what covers a payment', () => {
  it('ends when a notary has shown more than an account of five months', async () => {
    const notary = quorum('endless', 1, quickCrypto);
    const issuer = fresh('issuer');
    const { currency, block } = await issue(issuer, notary);
    const payer = fresh('payer');
    const claims = Array.from({ length: 64 }, (_, i) => ({
      id: someId(`income ${i}`),
      amount: 1n,
      certificate: null,
    }));
    const chain: Spending[] = [];
    for (let n = 1; n <= 40; n++) chain.push(await payer.transfer(currency, peerKey(2), 1n, { claims }));
    const [first] = chain;
    const certificate = encodeCertificate(await notary.certificate('spend', first!, currency.block.id));
    let requests = 0;
    let bytes = 0;
    const numbered = async (n: number): Promise<Uint8Array> => {
      const next = await payer.transfer(currency, peerKey(2), 1n, { claims, changes: { n } });
      bytes += next.block.bytes.length;
      return next.block.bytes;
    };
    const line = {
      ask: async (_key: PublicKey, request: { readonly n: number }) => {
        requests += 1;
        const blocks: Uint8Array[] = [];
        for (let i = 0; i < 32; i++) blocks.push(await numbered(request.n + i));
        return { kind: 'blocks', blocks, signature: null, certificate };
      },
    } as unknown as NotaryLine;
    const currencies = currencyRegister();
    currencies.add(block);
    const client = new CoverClient({
      line,
      crypto: quickCrypto,
      certificates: await openCertificateStore(),
      currencies,
      proofs: { observe: async () => undefined } as unknown as NotaryProofs,
    });
    expect(await client.cover(chain[5]!, {})).toBeUndefined();
    expect(bytes).toBeLessThan(4.5 * 1024 * 1024);
    expect(requests).toBeLessThan(64);
  }, 60_000);
});
