import { memoryKeyValueStore } from '@edmp/interface';
import { BlockError, decodeHalfBlock, verifySignature } from '@edmp/trustchain/block';
import { describe, expect, it } from 'vitest';
import { DUM1 } from '../src/asset/currency.ts';
import { type CertificateKeys, openCertificateExchange } from '../src/evidence/certificate-exchange.ts';
import { openCertificateStore } from '../src/evidence/certificate-store.ts';
import { HOLDS_TOPIC } from '../src/evidence/hold-messages.ts';
import { openHoldTopic } from '../src/evidence/hold-topic.ts';
import { encodeNotaryProof, notaryProofOf } from '../src/notary/notary-proof.ts';
import { NOTARY_PROOFS_TOPIC } from '../src/notary/proof-register.ts';
import { signStatement } from '../src/notary/statement.ts';
import { type Author, author, crypto, quorum, someId } from './support/money.ts';
import { currencyOf, held, notaryWorld, releasedOf, type UserNode } from './support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`evidence ${name} ${names++}`);

describe('certificates', () => {
  const keys = quorum('certificates', 4);
  const certificateOf = (kind: 'paid' | 'spend' | 'none', name: string) =>
    keys.certify({ kind, currency: someId('sun'), subject: someId(name), extra: null });

  it('of one’s own are kept for ever, those of others as long as there is room', async () => {
    const store = memoryKeyValueStore();
    const certificates = await openCertificateStore({ store, max: 2 });
    const own = await certificateOf('spend', 'own');
    await certificates.put(own, { keep: true });
    for (const name of ['a', 'b', 'c']) await certificates.put(await certificateOf('paid', name));
    expect(certificates.outcome(someId('a').toString())).toBeUndefined();
    expect(certificates.outcome(someId('c').toString())?.kind).toBe('paid');
    const again = await openCertificateStore({ store });
    expect(again.spend(own.subject.toString())).toEqual(own);
    expect(await again.find('outcome', someId('c').toString())).toBeUndefined();
  });

  it('are told once, and an outcome is never replaced by another', async () => {
    const certificates = await openCertificateStore();
    const told: string[] = [];
    certificates.on(() => {
      throw new Error('a listener that fails');
    });
    const stop = certificates.on(({ kind }) => told.push(kind));
    await certificates.put(await certificateOf('paid', 'hold'));
    await certificates.put(await certificateOf('paid', 'hold'), { keep: true });
    await certificates.put(await certificateOf('none', 'hold'));
    expect(certificates.outcome(someId('hold').toString())?.kind).toBe('paid');
    stop();
    await certificates.put(await certificateOf('spend', 'other'));
    expect(told).toEqual(['paid']);
  });

  it('are fetched from peers, and only right ones are taken', async () => {
    const world = await notaryWorld();
    const [asker, giver] = [await world.user(), await world.user()];
    world.link(asker, giver);
    const keysOf: CertificateKeys = ({ subject }) =>
      subject.equals(someId('unknown')) ? undefined : keys.keys;
    const open = (user: UserNode) =>
      openCertificateExchange({ ...user, keysOf, crypto, environment: world.environment });
    const exchange = open(asker);
    const other = open(giver);
    await giver.certificates.put(await certificateOf('spend', 'known'));
    await giver.certificates.put(await certificateOf('paid', 'known'));
    const false_ = await certificateOf('paid', 'false');
    await giver.certificates.put({ ...false_, shares: false_.shares.slice(0, 2) });
    await giver.certificates.put(await certificateOf('paid', 'unknown'));
    const ids = ['known', 'false', 'unknown', ...Array.from({ length: 70 }, (_, i) => `nothing ${i}`)].map(
      someId,
    );
    const fetched = await world.environment.run(exchange.fetch(giver.network.self, ids));
    expect(fetched.map(({ kind }) => kind)).toEqual(['spend', 'paid']);
    expect(asker.certificates.outcome(someId('false').toString())).toBeUndefined();
    other.stop();
    await expect(world.environment.run(exchange.fetch(giver.network.self, ids))).rejects.toMatchObject({
      code: 'ERR_NETWORK_PROTOCOL',
    });
  });

  it('are not asked for without end', async () => {
    const world = await notaryWorld();
    const [asker, giver] = [await world.user(), await world.user()];
    world.link(asker, giver);
    const keysOf: CertificateKeys = () => keys.keys;
    const exchange = openCertificateExchange({ ...asker, keysOf, crypto, environment: world.environment });
    openCertificateExchange({ ...giver, keysOf, crypto, environment: world.environment });
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      try {
        await world.environment.run(exchange.fetch(giver.network.self, [someId('x')]));
      } catch {
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});

describe('holds', () => {
  /** Three nodes in a row: what the first publishes reaches the third through the second. */
  async function row() {
    const world = await notaryWorld();
    const users = [await world.user(), await world.user(), await world.user()];
    world.link(users[0]!, users[1]!);
    world.link(users[1]!, users[2]!);
    /** Ids of the blocks that each node's chain was given and found right. */
    const heard: string[][] = [[], [], []];
    const known = new Map<string, readonly ReturnType<typeof fresh>['key'][]>();
    const sellers = new Map<string, ReturnType<typeof fresh>['key']>();
    const topics = users.map((user, i) =>
      openHoldTopic({
        sellerOf: (hold) => sellers.get(hold),
        ...user,
        crypto,
        environment: world.environment,
        keysOf: ({ subject }) => known.get(subject.toString()),
        receive: async (bytes) => {
          const block = decodeHalfBlock(bytes, crypto);
          if (!verifySignature(block, crypto)) {
            throw new BlockError('ERR_BLOCK_SIGNATURE', 'The signature is not its author’s');
          }
          heard[i]!.push(block.id.toString());
          return { block, added: true, level: 'partial', issues: [] };
        },
      }),
    );
    return { world, users, topics, heard, known, sellers };
  }

  it('of test money spread once verified, and once', async () => {
    const { world, topics, heard } = await row();
    const trade = await held(world, fresh('seller'), fresh('buyer'), DUM1, { witnesses: [] });
    const spread = { proposal: trade.proposal, hold: trade.hold, certificate: null };
    await topics[0]!.publishHold(spread);
    await topics[0]!.publishHold(spread);
    await world.environment.advance(1_000);
    expect(heard.map((list) => list.length)).toEqual([0, 2, 2]);
    expect(heard[2]).toEqual([trade.proposal.id.toString(), trade.hold.key]);
  });

  it('of issued money spread with their certificate only, where the currency is known', async () => {
    const { world, users, topics, heard } = await row();
    const notary = quorum(`spread ${names++}`);
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, notary.keys);
    for (const { currencies } of users) currencies.add(sun.block);
    const trade = await held(world, fresh('seller'), issuer, sun);
    await topics[0]!.publishHold({ proposal: trade.proposal, hold: trade.hold, certificate: null });
    await world.environment.advance(1_000);
    expect(heard.map((list) => list.length)).toEqual([0, 0, 0]);
    const certificate = await notary.certificate('spend', trade.hold, sun.block.id);
    await topics[0]!.publishHold({ proposal: trade.proposal, hold: trade.hold, certificate });
    await world.environment.advance(1_000);
    expect(heard.map((list) => list.length)).toEqual([0, 2, 2]);
    expect(users[2]!.certificates.spend(trade.hold.key)).toEqual(certificate);
  });

  it('with a proposal of other terms, or a false signature, go nowhere', async () => {
    const { world, topics, heard } = await row();
    const [seller, buyer] = [fresh('seller'), fresh('buyer')];
    const trade = await held(world, seller, buyer, DUM1, { witnesses: [] });
    const other = await held(world, seller, buyer, DUM1, { witnesses: [], amount: 11n });
    await topics[0]!.publishHold({ proposal: other.proposal, hold: trade.hold, certificate: null });
    await world.environment.advance(1_000);
    expect(heard.flat()).toEqual([]);
    const bytes = trade.hold.block.bytes.slice();
    bytes[bytes.length - 1]! ^= 1;
    const forged = { ...trade.hold, block: { ...trade.hold.block, bytes } };
    await topics[0]!.publishHold({ proposal: trade.proposal, hold: forged, certificate: null });
    await world.environment.advance(1_000);
    expect(heard).toEqual([[], [trade.proposal.id.toString()], []]);
  });

  it('are confirmed by the release of their seller, and of nobody else', async () => {
    const { world, topics, heard, sellers } = await row();
    const [seller, buyer] = [fresh('seller'), fresh('buyer')];
    const trade = await held(world, seller, buyer, DUM1, { witnesses: [] });
    await topics[0]!.publishRelease(trade.release);
    await world.environment.advance(1_000);
    // Nobody knows the hold.
    expect(heard.flat()).toEqual([]);
    sellers.set(trade.hold.key, seller.key);
    const { release: forged } = await releasedOf(world, fresh('thief'), trade.hold);
    await topics[0]!.publishRelease(forged);
    await world.environment.advance(1_000);
    expect(heard.flat()).toEqual([]);
    const { release } = await releasedOf(world, seller, trade.hold);
    await topics[2]!.publishRelease(release);
    await world.environment.advance(1_000);
    expect(heard).toEqual([[release.id.toString()], [release.id.toString()], []]);
  });

  it('carry their outcomes to whoever knows the hold', async () => {
    const { world, users, topics, known } = await row();
    const notary = quorum(`outcomes ${names++}`);
    const trade = await held(world, fresh('seller'), fresh('buyer'), DUM1, { witnesses: notary.keys });
    const certificate = await notary.certificate('none', trade.hold, null);
    await topics[0]!.publishOutcome(certificate);
    await world.environment.advance(1_000);
    expect(users[1]!.certificates.outcome(trade.hold.key)).toBeUndefined();
    known.set(trade.hold.key, notary.keys);
    const second = await notary.certificate('paid', trade.hold, null);
    await topics[0]!.publishOutcome({ ...second, shares: certificate.shares });
    await world.environment.advance(1_000);
    expect(users[1]!.certificates.outcome(trade.hold.key)).toBeUndefined();
    const right = await notary.certificate('refund', trade.hold, null);
    await topics[2]!.publishOutcome(right);
    await world.environment.advance(1_000);
    expect(users[1]!.certificates.outcome(trade.hold.key)).toEqual(right);
  });

  it('of nonsense are rejected', async () => {
    const { world, users, heard } = await row();
    await users[0]!.network.publish(HOLDS_TOPIC, Uint8Array.of(1, 2, 3));
    await world.environment.advance(1_000);
    expect(heard.flat()).toEqual([]);
  });
});

describe('proofs against notaries', () => {
  async function proofOf(keys: ReturnType<typeof quorum>) {
    const subject = someId(`hold ${names++}`);
    const signed = async (kind: 'paid' | 'refund') => {
      const statement = { kind, currency: null, subject, extra: null };
      return { statement, signature: await signStatement(statement, keys.signers[0]!, crypto), core: null };
    };
    return encodeNotaryProof(
      notaryProofOf(keys.keys[0]!, await signed('paid'), await signed('refund'), crypto),
    );
  }

  it('spread when they concern a notary that somebody relies on, and are kept', async () => {
    const world = await notaryWorld();
    const [first, second] = [await world.user(), await world.user()];
    world.link(first, second);
    const keys = quorum(`proven ${names++}`);
    const bytes = await proofOf(keys);
    await first.network.publish(NOTARY_PROOFS_TOPIC, bytes);
    await world.environment.advance(1_000);
    expect(second.proofs.proofs()).toEqual([]);
    const sun = await currencyOf(fresh('issuer'), keys.keys);
    second.currencies.add(sun.block);
    const told: string[] = [];
    second.proofs.on(({ kind }) => told.push(kind));
    await first.network.publish(NOTARY_PROOFS_TOPIC, await proofOf(keys));
    await first.network.publish(NOTARY_PROOFS_TOPIC, await proofOf(keys));
    await world.environment.advance(1_000);
    expect(told).toEqual(['paid-and-refund']);
    expect(second.proofs.isBroken(sun.id)).toBe(true);
    expect(second.proofs.isBroken('DUM1')).toBe(false);
  });

  it('that prove nothing convict nobody', async () => {
    const world = await notaryWorld();
    const [first, second] = [await world.user(), await world.user()];
    world.link(first, second);
    const keys = quorum(`innocent ${names++}`);
    const sun = await currencyOf(fresh('issuer'), keys.keys);
    second.currencies.add(sun.block);
    const bytes = (await proofOf(keys)).slice();
    bytes[bytes.length - 40]! ^= 1;
    await first.network.publish(NOTARY_PROOFS_TOPIC, bytes);
    await world.environment.advance(1_000);
    expect(second.proofs.isBroken(sun.id)).toBe(false);
  });
});
