import {
  equalBytes,
  type PublicKey,
  publicKeyToHex,
  type SeededRandom,
} from '../../packages/interface/src/index.ts';
import type { MarketOptions } from '../../packages/market/src/index.ts';
import { faultsOf } from '../../packages/market/src/notary.ts';
import type { Shelf } from '../../packages/market/test/support/fake-settlement.ts';
import type { Goods, Stock } from '../goods/goods.ts';
import { pretendedGoods } from '../goods/pretended-goods.ts';
import { sealedGoods } from '../goods/sealed-goods.ts';
import type { World } from '../lib/world.ts';
import { Liars } from './byzantine/draw.ts';
import type { ByzantineRole, LiarContext } from './byzantine/role.ts';
import { type Cast, type Member, membersOf, type Party } from './members.ts';
import type { Universe } from './universe.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Who lies in a history. */
export interface Lies {
  /** Whether liars are drawn at all. */
  readonly areDrawn: boolean;
  /** A bug on purpose: all members of its parties have it and count as honest. The invariants have to find it. */
  readonly planted?: ByzantineRole | undefined;
  /** A role that all members of its parties play. They count as liars. */
  readonly role?: ByzantineRole | undefined;
}

/** Draws and starts all nodes, connects them and opens the token. `isSealed`: data is really sealed, delivered and opened. */
export async function createCast(
  world: World,
  universe: Universe,
  lies: Lies,
  isSealed: boolean,
): Promise<Cast> {
  const random = world.random.fork('cast');
  const shelf: Shelf = new Map();
  const stock: Stock = new Map();
  const goodsOf = (name: string): Goods =>
    isSealed
      ? sealedGoods(world.random.fork(`goods of ${name}`), stock)
      : pretendedGoods(world.environment, shelf, stock);
  const members: Member[] = [];
  const draw = random.below(20);
  const notaries = draw === 0 ? 7 : draw < 7 ? 4 : 1;
  const durations = {
    accept: MINUTE,
    release: (3 + random.below(4)) * MINUTE,
    complain: (5 + random.below(11)) * MINUTE,
  };
  const cast: Cast = {
    world,
    members,
    stock,
    sun: null,
    spareFailures: 0,
    statementKeys: new Map(),
    isOff: false,
    isYearOver: false,
    notaries,
    durations,
    deltaMs: MINUTE,
  };
  const witnessKeys: PublicKey[] = [];
  const liars = new Liars(world.random.fork('liars'), lies.areDrawn, faultsOf(notaries));

  const add = (party: Party, name: string, isNotary: boolean): Member => {
    const goods = goodsOf(name);
    const planted = lies.planted?.parties.includes(party) === true ? lies.planted : undefined;
    const drawn = liars.next(party);
    const isAllowed = drawn !== undefined && world.plan.allows(`${name} is ${drawn.name}`);
    const given = lies.role?.parties.includes(party) === true ? lies.role : undefined;
    const role = planted ?? given ?? (isAllowed ? drawn : undefined);
    const node = world.add({
      name,
      settlement: (parts) => goods.open(parts),
      notary: isNotary,
      market: (): Partial<MarketOptions> => ({
        matchmaker: party === 'witness',
        witnesses: { keys: witnessKeys.slice(0, 4) },
        deadlines: durations,
        shortComplaints: true,
        deltaMs: cast.deltaMs,
        ...(cast.sun === null ? {} : { currencies: [cast.sun.block.bytes] }),
      }),
      wrapNetwork: (network) => role?.wrapNetwork?.(network, context) ?? network,
      wrapRecords: (store) => role?.wrapRecords?.(store, context) ?? store,
      wrapStatements: (store) => role?.wrapStatements?.(store, context) ?? store,
    });
    const member: Member = { party, node, goods };
    members.push(member);
    const context: LiarContext = {
      cast,
      member,
      universe,
      random: world.random.fork(`liar ${name}`),
      lie: () => world.fault(`byzantine-${role?.name}`, name),
    };
    node.byzantine = planted === undefined ? (role?.name ?? null) : null;
    role?.install?.(context);
    return member;
  };

  const makers = 1 + random.below(2);
  for (let i = 1; i <= makers; i++) await add('witness', `witness${i}`, true).node.start();
  // The lone notary is often the first matchmaker: one reachable node of a community does everything.
  const shared = notaries === 1 && random.below(2) === 0;
  if (!shared) for (let i = 1; i <= notaries; i++) await add('notary', `notary${i}`, true).node.start();
  cast.spareFailures = liars.spare;
  const keysOf = (party: Party): readonly PublicKey[] =>
    membersOf(cast, party).flatMap(({ node }) => node.running?.market.notaryKeys ?? []);
  const fourJudge = notaries === 4 && random.below(2) === 0;
  witnessKeys.push(...(fourJudge ? keysOf('notary') : keysOf('witness').slice(0, 1)));
  add('issuer', 'issuer', false);
  for (let i = sizeOf(random); i > 0; i--) add('seller', `seller${i}`, false);
  for (let i = sizeOf(random); i > 0; i--) add('buyer', `buyer${i}`, false);
  if (random.below(3) > 0) world.links.wanted = (a, b) => isWanted(cast, a, b);
  for (const { node } of members) await node.start();
  world.links.connect();
  await world.advance(500);

  const issuer = membersOf(cast, 'issuer')[0]?.node.running?.market;
  if (issuer === undefined) throw new Error('The issuer does not run');
  const offer = {
    label: 'SUN',
    precision: 2,
    notaries: shared ? keysOf('witness').slice(0, 1) : keysOf('notary'),
  };
  const sun = await world.environment.run(issuer.issueCurrency(offer), 10 * MINUTE);
  if (sun.kind !== 'issued') throw new Error('Expected an issued currency');
  cast.sun = sun;
  for (const { node } of members) {
    for (const key of node.running?.market.notaryKeys ?? []) {
      cast.statementKeys.set(publicKeyToHex(key), node.name);
    }
  }
  for (const { node } of members) {
    const adding = node.running?.market.addCurrency(sun.block.bytes);
    if (adding !== undefined) await world.environment.run(adding);
  }
  return cast;
}

/** How many of a kind: what one of them shows, three mostly show too, and messages grow with the square. */
function sizeOf(random: SeededRandom): number {
  return [1, 1, 1, 2, 2, 3][random.below(6)] ?? 1;
}

/** Homes sit behind routers: they reach those who serve the community, and whom they trade with. */
function isWanted(cast: Cast, a: PublicKey, b: PublicKey): boolean {
  const [left, right] = [a, b].map((key) => cast.members.find(({ node }) => equalBytes(node.key, key)));
  if (left === undefined || right === undefined) return false;
  return left.node.isNotary || right.node.isNotary || left.party !== right.party;
}
