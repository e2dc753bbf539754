import { type HalfBlock, memoryKeyValueStore, publicKey } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { DUM1 } from '../src/asset/currency.ts';
import { certificateOfShares, encodeCertificate, type Share } from '../src/notary/certificate.ts';
import { RELEASE_KEEP_MS } from '../src/notary/limits.ts';
import { spendStatement } from '../src/notary/spend-service.ts';
import { type Statement, verifyStatement } from '../src/notary/statement.ts';
import { keptComplaint, signedComplaint } from './support/complaints.ts';
import { type Author, author, crypto, HOUR, quorum, START } from './support/money.ts';
import {
  COMPLAIN_AT,
  complainRequest,
  currencyOf,
  FOUNDED,
  type HeldTrade,
  held,
  INVENTED,
  kindsOf,
  type NotaryNode,
  type NotaryWorld,
  notaryWorld,
  outcomeRequest,
  RELEASE_AT,
  releasedOf,
  releaseRequest,
  spendRequest,
} from './support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`witness ${name} ${names++}`);

interface Lone {
  readonly world: NotaryWorld;
  readonly node: NotaryNode;
  readonly seller: Author;
  readonly buyer: Author;
  readonly trade: HeldTrade;
}

/** A hold of test money with one witness. */
async function lone(
  changes: Parameters<typeof held>[4] = {},
  options: Parameters<NotaryWorld['notary']>[0] = {},
): Promise<Lone> {
  const world = await notaryWorld();
  const node = await world.notary(options);
  const seller = fresh('seller');
  const buyer = fresh('buyer');
  const trade = await held(world, seller, buyer, DUM1, { witnesses: [node.key], ...changes });
  return { world, node, seller, buyer, trade };
}

const receiptOf = (buyer: Author, trade: HeldTrade): Promise<HalfBlock> =>
  buyer.receipt(trade.hold, trade.release);
const released = (node: NotaryNode, trade: HeldTrade, acks: Uint8Array | null = null) =>
  node.ask({ kind: 'released', key: node.key, hold: trade.hold.id, acks });

describe('a lone witness', () => {
  it('does not verify again what its own chain has verified, and anything else it does', async () => {
    const world = await notaryWorld();
    let chainKnows = true;
    const node = await world.notary({ isVerified: async () => chainKnows });
    const [seller, buyer] = [fresh('seller'), fresh('buyer')];
    const trade = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
    const forged = trade.evidence.hold.slice();
    forged[forged.length - 1]! ^= 1;
    const request = releaseRequest(node.key, { ...trade, evidence: { ...trade.evidence, hold: forged } });
    chainKnows = false;
    expect(await node.ask(request)).toMatchObject({ kind: 'refused', code: 'ERR_BLOCK_SIGNATURE' });
    chainKnows = true;
    expect(kindsOf(await node.say(request))).toEqual(['ack']);
  });

  it('acknowledges a release in time, hands it over, and says paid when the buyer is content', async () => {
    const { node, buyer, trade } = await lone();
    const answer = await node.say(releaseRequest(node.key, trade));
    expect(kindsOf(answer)).toEqual(['ack']);
    const [ack] = answer.statements;
    const statement: Statement = {
      kind: 'ack',
      currency: null,
      subject: trade.hold.id,
      extra: trade.release.id,
    };
    expect(verifyStatement(statement, ack!.signature, node.key, crypto)).toBe(true);
    expect(await released(node, trade)).toMatchObject({
      kind: 'released',
      release: { block: trade.release.bytes, opener: trade.opener },
    });
    const early = await node.say(outcomeRequest(node.key, trade));
    expect(kindsOf(early)).toEqual(['ack']);
    expect(early.laterMs).toBe(COMPLAIN_AT - START + 1);
    const receipt = await receiptOf(buyer, trade);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade, { receipt })))).toEqual(['ack', 'paid']);
  });

  it('says paid after a complaint window that passed in silence, at the first millisecond after it', async () => {
    const { world, node, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    await world.at(COMPLAIN_AT);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['ack']);
    await world.at(COMPLAIN_AT + 1);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['ack', 'paid']);
    // What is said is said: a complaint is late, and changes nothing.
    expect(kindsOf(await node.say(complainRequest(node.key, trade, FOUNDED)))).toEqual(['ack', 'paid']);
  });

  it('H8 says none right after the release deadline, and then takes no release', async () => {
    const { world, node, trade } = await lone();
    await world.at(RELEASE_AT);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual([]);
    await world.at(RELEASE_AT + 1);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['none']);
    expect(kindsOf(await node.say(releaseRequest(node.key, trade)))).toEqual(['none']);
    expect((await released(node, trade)).kind).toBe('need');
    await world.at(COMPLAIN_AT + HOUR);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['none']);
  });

  it('takes a release at the very deadline', async () => {
    const { world, node, trade } = await lone();
    await world.at(RELEASE_AT);
    expect(kindsOf(await node.say(releaseRequest(node.key, trade)))).toEqual(['ack']);
    await world.at(RELEASE_AT + HOUR / 2);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['ack']);
  });

  it('gives the money back for a founded complaint, even beside a receipt', async () => {
    const { node, buyer, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    expect(kindsOf(await node.say(complainRequest(node.key, trade, FOUNDED)))).toEqual(['ack', 'refund']);
    const receipt = await receiptOf(buyer, trade);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade, { receipt })))).toEqual(['ack', 'refund']);
  });

  it('H1 never says paid and refund of one hold, whichever comes first', async () => {
    const { node, buyer, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    const receipt = await receiptOf(buyer, trade);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade, { receipt })))).toEqual(['ack', 'paid']);
    expect(kindsOf(await node.say(complainRequest(node.key, trade, FOUNDED)))).toEqual(['ack', 'paid']);
  });

  it('M8 takes an invented complaint for nothing', async () => {
    const { world, node, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    for (let i = 0; i < 40; i++) {
      expect(await node.ask(complainRequest(node.key, trade, INVENTED))).toMatchObject({ kind: 'unfounded' });
    }
    await world.at(COMPLAIN_AT + 1);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['ack', 'paid']);
  });

  it('takes no complaint whose opener, key, document or proposal is not the trade’s', async () => {
    const { world, node, seller, buyer, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    const other = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
    const request = complainRequest(node.key, trade, FOUNDED);
    const proof = request.complaint.kind === 'proof' ? request.complaint : undefined;
    const ask = (changes: object) => node.ask({ ...request, complaint: { ...proof!, ...changes } });
    expect(await ask({ opener: other.opener })).toMatchObject({ kind: 'unfounded' });
    for (const changes of [
      { recipientKey: new Uint8Array(32) },
      { document: Uint8Array.of(1) },
      { proposal: other.proposal.bytes },
      { release: other.release.bytes },
    ]) {
      expect((await ask(changes)).kind).toBe('refused');
    }
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['ack']);
  });

  it('takes two releases of one hold for a founded complaint by themselves', async () => {
    const { world, node, seller, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    const second = { ...trade, ...(await releasedOf(world, seller, trade.hold)) };
    const answer = await node.say(releaseRequest(node.key, second));
    expect(kindsOf(answer)).toEqual(['ack', 'refund']);
    expect(answer.statements.find(({ kind }) => kind === 'ack')?.extra).toEqual(trade.release.id);
  });

  // Found by simulation, seed 610908.
  it('keeps back the release that it took alone, when a quorum acknowledged another one', async () => {
    const world = await notaryWorld();
    const nodes: NotaryNode[] = [];
    for (let i = 0; i < 4; i++) nodes.push(await world.notary());
    const keys = nodes.map(({ key }) => key);
    const seller = fresh('seller');
    const trade = await held(world, seller, fresh('buyer'), DUM1, { witnesses: keys });
    const second = { ...trade, ...(await releasedOf(world, seller, trade.hold)) };
    const [last, ...quorumOf] = [...nodes].reverse() as [NotaryNode, ...NotaryNode[]];
    const shares: Share[] = [];
    for (const node of quorumOf) {
      const [ack] = (await node.say(releaseRequest(node.key, trade))).statements;
      shares.push({ index: keys.indexOf(node.key), signature: ack!.signature });
    }
    expect(kindsOf(await last.say(releaseRequest(last.key, second)))).toEqual(['ack']);
    const statement = {
      kind: 'ack',
      currency: null,
      subject: trade.hold.id,
      extra: trade.release.id,
    } as const;
    const acks = encodeCertificate(certificateOfShares(statement, shares, keys));
    expect(await released(last, trade, acks)).toMatchObject({ kind: 'released', release: null });
    for (const node of quorumOf) {
      expect(await released(node, trade)).toMatchObject({ release: null });
      expect(await released(node, trade, acks)).toMatchObject({ release: { opener: trade.opener } });
    }
  });

  it('is shown two releases by the buyer', async () => {
    const { world, node, seller, trade } = await lone();
    const second = await releasedOf(world, seller, trade.hold);
    const complaint = { kind: 'twice', releases: [trade.release.bytes, second.release.bytes] } as const;
    const request = { kind: 'complain', key: node.key, evidence: trade.evidence, refunds: [] } as const;
    expect(kindsOf(await node.say({ ...request, complaint }))).toEqual(['refund']);
    const same = { kind: 'twice', releases: [trade.release.bytes, trade.release.bytes] } as const;
    const { trade: other, node: fresh } = await lone();
    expect(
      await fresh.ask({ ...request, key: fresh.key, evidence: other.evidence, complaint: same }),
    ).toMatchObject({ kind: 'refused' });
  });

  it('keeps the first complaint that proves nothing, for the seller alone, a week past the windows', async () => {
    const { world, node, seller, buyer, trade } = await lone();
    const seen = (from = seller.key, signer = seller.signer) =>
      keptComplaint(node.key, trade.hold, signer, (request) => node.ask(request, from));
    expect(await seen()).toMatchObject({ kind: 'need' });
    await node.say(releaseRequest(node.key, trade));
    expect(await seen()).toEqual({ complaint: null });
    // Without the buyer's signature it is judged by nobody, and kept by nobody.
    const request = complainRequest(node.key, trade, INVENTED);
    const unsigned = { ...request.complaint, signature: new Uint8Array(64) };
    expect(await node.ask({ ...request, complaint: unsigned })).toMatchObject({
      kind: 'refused',
      code: 'ERR_BLOCK_SIGNATURE',
    });
    expect(await seen()).toEqual({ complaint: null });
    expect(await node.ask(request)).toMatchObject({ kind: 'unfounded' });
    const complaint = { proof: INVENTED, signature: trade.signatures.invented };
    expect(await seen()).toEqual({ complaint });
    expect(await seen(seller.key, buyer.signer)).toMatchObject({ code: 'ERR_BLOCK_SIGNATURE' });
    for (const stranger of [world.someone, buyer.key, node.self]) {
      expect(await seen(stranger)).toMatchObject({ kind: 'refused', code: 'ERR_NOTARY_REFUSED' });
    }
    await node.stop();
    await node.start();
    expect(await seen()).toEqual({ complaint });
    expect(node.notary.kept().complaints).toBe(1);
    await world.at(COMPLAIN_AT + 7 * 24 * HOUR + HOUR);
    expect(await seen()).toEqual({ complaint: null });
    expect(await node.store.entries('notary/unfounded/')).toEqual([]);
    expect(node.notary.kept().complaints).toBe(0);
  });

  it('keeps nothing of a founded complaint that it judged alone, nor of one that it could not judge', async () => {
    const { node, seller, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    expect(kindsOf(await node.say(complainRequest(node.key, trade, FOUNDED)))).toEqual(['ack', 'refund']);
    const kept = (at: NotaryNode, about: HeldTrade, payee: Author) =>
      keptComplaint(at.key, about.hold, payee.signer, (request) => at.ask(request, payee.key));
    expect(await kept(node, trade, seller)).toEqual({ complaint: null });
    const {
      node: other,
      trade: second,
      seller: payee,
    } = await lone(
      {},
      {
        judge: () => ({ guilty: false, kind: 'any', reason: 'of another version', undecided: true }),
      },
    );
    await other.say(releaseRequest(other.key, second));
    expect(await other.ask(complainRequest(other.key, second, INVENTED))).toMatchObject({
      kind: 'unfounded',
    });
    expect(await kept(other, second, payee)).toEqual({ complaint: null });
  });

  it('keeps no more complaints than it has room for', async () => {
    const { world, node, seller, buyer, trade } = await lone({}, { limits: { releaseBytes: 100_000 } });
    const other = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
    const kept = (about: HeldTrade) =>
      keptComplaint(node.key, about.hold, seller.signer, (request) => node.ask(request, seller.key));
    for (const [hold, proof] of [
      [trade, new Uint8Array(60_000)],
      [other, INVENTED],
    ] as const) {
      await node.say(releaseRequest(node.key, hold));
      const request = complainRequest(node.key, hold, proof);
      const complaint = await signedComplaint(hold.evidence.hold, request.complaint, buyer.signer);
      expect(await node.ask({ ...request, complaint })).toMatchObject({ kind: 'unfounded' });
    }
    expect(await kept(trade)).toMatchObject({ complaint: { proof: new Uint8Array(60_000) } });
    expect(await kept(other)).toEqual({ complaint: null });
    // Longer than any proof: not even read.
    const long = complainRequest(node.key, trade, new Uint8Array(70_000));
    expect(await node.ask(long)).toMatchObject({ kind: 'refused', code: 'ERR_MARKET_FORMAT' });
  });

  it('takes no release by others, to others, locked otherwise, or of a hold that names somebody else', async () => {
    const { world, node, seller, buyer, trade } = await lone();
    const mallory = fresh('mallory');
    const forged = await releasedOf(world, mallory, trade.hold);
    expect(await node.ask(releaseRequest(node.key, { ...trade, ...forged }))).toMatchObject({
      kind: 'refused',
    });
    expect(await node.ask(releaseRequest(node.key, { ...trade, opener: new Uint8Array(32) }))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MARKET_FORMAT',
    });
    const elsewhere = await held(world, seller, buyer, DUM1, { witnesses: quorum('elsewhere').keys });
    expect(await node.ask(releaseRequest(node.key, elsewhere))).toMatchObject({ code: 'ERR_NOTARY_UNKNOWN' });
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual([]);
  });

  it('takes no receipt but the buyer’s own for this hold', async () => {
    const { node, seller, buyer, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    const forged = await seller.receipt(trade.hold, trade.release);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade, { receipt: forged })))).toEqual(['ack']);
    const other = await buyer.receipt({ ...trade.hold, id: trade.release.id }, trade.release);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade, { receipt: other })))).toEqual(['ack']);
  });

  it('needs a hold that it has never seen', async () => {
    const { node, trade } = await lone();
    const answer = await node.ask({
      kind: 'outcome',
      key: node.key,
      holds: [{ id: trade.hold.id, evidence: null, receipt: null, acks: null }],
    });
    expect(answer).toMatchObject({ kind: 'holds', holds: [{ need: true, statements: [] }] });
  });

  it('keeps a release 90 days past the last deadline, and the outcome for ever', async () => {
    const { world, node, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    await world.at(COMPLAIN_AT + RELEASE_KEEP_MS - 60_000);
    expect(await released(node, trade)).toMatchObject({ release: { opener: trade.opener } });
    await world.at(COMPLAIN_AT + RELEASE_KEEP_MS + 60_001);
    expect(await released(node, trade)).toMatchObject({ release: null });
    expect(node.notary.kept()).toMatchObject({ releases: 0, bytes: 0 });
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['ack', 'paid']);
  });

  it('lets a complaint window that ended while it was down run once more', async () => {
    const { world, node, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    await node.stop();
    const back = COMPLAIN_AT + 3 * HOUR;
    await world.at(back);
    await node.start();
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['ack']);
    // The window's length is that of the terms, from the restart on.
    await world.at(back + HOUR);
    expect(kindsOf(await node.say(complainRequest(node.key, trade, FOUNDED)))).toEqual(['ack', 'refund']);
  });

  it('lets no window run again that ended while it was there', async () => {
    const { world, node, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    await world.at(COMPLAIN_AT + 61_000);
    await node.stop();
    await world.at(COMPLAIN_AT + HOUR);
    await node.start();
    expect(kindsOf(await node.say(complainRequest(node.key, trade, FOUNDED)))).toEqual(['ack', 'paid']);
  });

  it('knows after a power cut to the minute when it was last there', async () => {
    const { world, node, trade } = await lone();
    await node.say(releaseRequest(node.key, trade));
    await world.at(COMPLAIN_AT - HOUR / 2);
    node.crash();
    const old = node.notary;
    await world.at(COMPLAIN_AT + HOUR);
    await node.start();
    expect(node.notary).not.toBe(old);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['ack']);
  });
});

describe('in issued money', () => {
  async function issued() {
    const world = await notaryWorld();
    const node = await world.notary();
    const buyer = fresh('issuer');
    const seller = fresh('seller');
    const sun = await currencyOf(buyer, [node.key]);
    const trade = await held(world, seller, buyer, sun);
    const certify = async () => {
      const answer = await node.ask(spendRequest(node.key, [trade.hold], { currency: sun.block.bytes }));
      if (answer.kind !== 'share') throw new Error('expected a share');
      const statement = spendStatement(sun.block.id, trade.hold.id);
      return encodeCertificate({ ...statement, shares: [{ index: 0, signature: answer.signature }] });
    };
    return { world, node, trade, certify };
  }

  it('speaks only about certified holds', async () => {
    const { node, trade, certify } = await issued();
    expect(await node.ask(releaseRequest(node.key, trade))).toEqual({ kind: 'need', ids: [trade.hold.id] });
    expect(await node.say(outcomeRequest(node.key, trade))).toMatchObject({ need: true });
    const evidence = { ...trade.evidence, certificate: await certify() };
    expect(kindsOf(await node.say(releaseRequest(node.key, { ...trade, evidence })))).toEqual(['ack']);
  });

  it('H4 certifies a hold that comes late, and gives it back by none', async () => {
    const { world, node, trade, certify } = await issued();
    await world.at(COMPLAIN_AT + 30 * 24 * HOUR);
    const evidence = { ...trade.evidence, certificate: await certify() };
    expect(kindsOf(await node.say(outcomeRequest(node.key, { ...trade, evidence })))).toEqual(['none']);
  });
});

describe('a witness with little room', () => {
  it('does not acknowledge when it is full, and still says none', async () => {
    const world = await notaryWorld();
    const node = await world.notary({ limits: { releases: 1 } });
    const seller = fresh('seller');
    const buyer = fresh('buyer');
    const first = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
    const second = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
    expect(kindsOf(await node.say(releaseRequest(node.key, first)))).toEqual(['ack']);
    expect((await node.ask(releaseRequest(node.key, second))).kind).toBe('later');
    await world.at(RELEASE_AT + 1);
    expect(kindsOf(await node.say(outcomeRequest(node.key, second)))).toEqual(['none']);
  });

  it('acknowledges no release that it would have to keep for years', async () => {
    const { node, trade } = await lone({ complain: START + 365 * 24 * HOUR });
    expect((await node.ask(releaseRequest(node.key, trade))).kind).toBe('later');
    const { node: other, trade: endless } = await lone({ complain: Number.MAX_SAFE_INTEGER });
    expect((await other.ask(releaseRequest(other.key, endless))).kind).toBe('later');
  });

  it('bounds the holds of test money that it remembers', async () => {
    const world = await notaryWorld();
    const node = await world.notary({ limits: { testHolds: 2 } });
    const seller = fresh('seller');
    const buyer = fresh('buyer');
    const kinds: string[] = [];
    for (let i = 0; i < 3; i++) {
      const trade = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
      kinds.push((await node.ask(releaseRequest(node.key, trade), fresh('peer').key)).kind);
    }
    expect(kinds).toEqual(['holds', 'holds', 'later']);
    await node.stop();
    await node.start();
    expect(node.notary.kept()).toMatchObject({ releases: 2, testHolds: 2 });
  });
});

describe('a copied store', () => {
  it('H14 stops when anybody shows it a statement that it does not hold, for good', async () => {
    const { world, node, trade } = await lone();
    const copy = memoryKeyValueStore();
    await copy.setMany(await node.store.entries(''));
    const answer = await node.say(releaseRequest(node.key, trade));
    await node.stop();
    const restored = await world.notary({}, copy);
    expect(restored.key).toEqual(node.key);
    const [ack] = answer.statements;
    const acks = encodeCertificate({
      kind: 'ack',
      currency: null,
      subject: trade.hold.id,
      extra: trade.release.id,
      shares: [{ index: 0, signature: ack!.signature }],
    });
    await world.at(RELEASE_AT + 1);
    await expect(restored.ask(outcomeRequest(restored.key, trade, { acks }))).rejects.toMatchObject({
      code: 'ERR_NOTARY_HALTED',
    });
    expect(restored.events).toMatchObject([{ type: 'halted' }]);
    // Not even what it would have said without having been shown anything.
    await expect(restored.ask(outcomeRequest(restored.key, trade))).rejects.toMatchObject({
      code: 'ERR_NOTARY_HALTED',
    });
    await restored.stop();
    await restored.start();
    expect(restored.notary.halted()).toContain('ack');
    await expect(restored.ask(outcomeRequest(restored.key, trade))).rejects.toMatchObject({
      code: 'ERR_NOTARY_HALTED',
    });
  });

  it('H14 stops at a spend certificate, too', async () => {
    const world = await notaryWorld();
    const node = await world.notary();
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key]);
    const bob = fresh('bob');
    const one = await issuer.transfer(sun, bob.key, 1n);
    await node.ask(spendRequest(node.key, [one], { currency: sun.block.bytes }));
    const copy = memoryKeyValueStore();
    await copy.setMany(await node.store.entries(''));
    const two = await issuer.transfer(sun, bob.key, 2n);
    const answer = await node.ask(spendRequest(node.key, [two]));
    if (answer.kind !== 'share') throw new Error('expected a share');
    await node.stop();
    const restored = await world.notary({}, copy);
    const statement = spendStatement(sun.block.id, two.id);
    const certificates = [
      encodeCertificate({ ...statement, shares: [{ index: 0, signature: answer.signature }] }),
    ];
    const three = await issuer.transfer(sun, bob.key, 3n);
    await expect(
      restored.ask(spendRequest(restored.key, [two, three], { certificates })),
    ).rejects.toMatchObject({ code: 'ERR_NOTARY_HALTED' });
  });

  it('H14 goes on when it is shown what is not its own, or not signed by it', async () => {
    const { node, trade } = await lone();
    const acks = encodeCertificate({
      kind: 'ack',
      currency: null,
      subject: trade.hold.id,
      extra: trade.release.id,
      shares: [{ index: 0, signature: new Uint8Array(64) }],
    });
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade, { acks })))).toEqual([]);
    expect(node.notary.halted()).toBeUndefined();
  });
});

describe('statement keys', () => {
  it('are made by the store, stay with it, and prove which node serves them', async () => {
    const world = await notaryWorld();
    const node = await world.notary();
    const second = await node.notary.addKey();
    const keys = node.notary.keys();
    await node.stop();
    await node.start();
    expect(node.notary.keys()).toEqual(keys);
    expect(keys).toHaveLength(2);
    const user = await world.user();
    world.link(node, user);
    await world.environment.advance(100);
    expect(user.directory.node(second)).toEqual(node.self);
    expect(user.directory.servedBy([node.self], [second, publicKey(new Uint8Array(32))])).toEqual([second]);
  });
});
