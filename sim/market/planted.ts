import type { Crypto, KeyValueStore, Network } from '../../packages/interface/src/index.ts';
import { releaseOf } from '../../packages/market/src/blocks/release.ts';
import { decodeNotaryAnswer, encodeNotaryAnswer } from '../../packages/market/src/notary/answers.ts';
import { NOTARY_PROTOCOL } from '../../packages/market/src/notary/limits.ts';
import { decodeNotaryRequest } from '../../packages/market/src/notary/messages.ts';
import { TRADE_PREFIX } from '../../packages/market/src/trade/records.ts';
import { decodeHalfBlock } from '../../packages/trustchain/src/block.ts';
import { BUYERS } from './byzantine/buyers.ts';
import { JUDGES } from './byzantine/judges.ts';
import { answering, type ByzantineRole } from './byzantine/role.ts';
import { type FaultKind, runHistory } from './history.ts';

/** A bug on purpose: all members of its parties have it and count as honest, so that the invariants have to find it. */
export interface Planted {
  readonly role: ByzantineRole;
  /** Rules that tell of it: one of them has to be broken. */
  readonly rules: readonly string[];
  /** Faults that go with it; all by default. Those that a lying node would be excused for are better left out. */
  readonly only?: readonly FaultKind[];
}

/** What looking for a planted bug came to. */
export interface PlantedResult {
  /** The first seed that showed it; null = none did. */
  readonly seed: number | null;
  readonly rules: readonly string[];
  readonly histories: number;
}

/** A store that reads some keys as if they had never been written. */
function forgetting(store: KeyValueStore, isForgotten: (key: string) => boolean): KeyValueStore {
  return {
    ...store,
    get: async (key) => (isForgotten(key) ? undefined : store.get(key)),
    range: async (prefix, options) => {
      const entries = await store.range(prefix, options);
      return entries.filter(([key]) => !isForgotten(key));
    },
    entries: async (prefix) => (await store.entries(prefix)).filter(([key]) => !isForgotten(key)),
  };
}

/** A witness that hands out every release that it was shown, whoever acknowledged it. */
function releasingEarly(network: Network, crypto: Crypto): Network {
  const shown = new Map<string, { readonly block: Uint8Array; readonly opener: Uint8Array }>();
  return answering(network, NOTARY_PROTOCOL, async (body, honest) => {
    const request = decodeNotaryRequest(body);
    if (request.kind === 'release') {
      const block = request.release.slice();
      shown.set(releaseOf(decodeHalfBlock(block, crypto)).hold.toString(), {
        block,
        opener: request.opener.slice(),
      });
    }
    const bytes = await honest();
    const release = request.kind === 'released' ? shown.get(request.hold.toString()) : undefined;
    if (release === undefined) return bytes;
    const answer = decodeNotaryAnswer(bytes);
    return encodeNotaryAnswer({
      kind: 'released',
      statements: answer.kind === 'released' ? answer.statements : [],
      release,
    });
  });
}

function named(roles: readonly ByzantineRole[], name: string): ByzantineRole {
  const role = roles.find((candidate) => candidate.name === name);
  if (role === undefined) throw new Error(`no role ${name}`);
  return role;
}

/** A judge's bug, with a role beside it that every buyer has: it takes a liar to show it. */
function withBuyers(role: ByzantineRole, buyers: ByzantineRole): ByzantineRole {
  return {
    ...role,
    parties: [...role.parties, 'buyer'],
    install(context) {
      if (context.member.party === 'buyer') buyers.install?.(context);
      else role.install?.(context);
    },
  };
}

/** Known bugs, planted in the simulator's world and nowhere else. */
export const PLANTED: readonly Planted[] = [
  {
    role: {
      name: 'sellers-forget-trades',
      parties: ['seller'],
      wrapRecords: (store) => forgetting(store, (key) => key.startsWith(TRADE_PREFIX)),
    },
    rules: ['trade-forgotten', 'acknowledged-and-unpaid', 'balance-differs-pending'],
    only: [],
  },
  {
    role: withBuyers(
      { ...named(JUDGES, 'judge-signs-everything'), name: 'notaries-sign-everything', parties: ['notary'] },
      named(BUYERS, 'buyer-forks'),
    ),
    rules: ['claim-of-nothing', 'two-certified', 'claimed-twice', 'sum'],
    only: [],
  },
  {
    role: {
      name: 'notary-clocks-apart',
      parties: ['notary'],
      install({ member, random }) {
        member.node.clock.set((random.below(2) === 0 ? -5 : 5) * 60_000);
      },
    },
    rules: ['trade-open', 'acknowledged-and-unpaid', 'data-for-nothing', 'ack-and-none'],
    only: ['aimed', 'partitions'],
  },
  {
    role: {
      name: 'witnesses-forget-holds',
      parties: ['witness', 'notary'],
      wrapStatements: (store) => forgetting(store, (key) => key.startsWith('notary/hold/')),
    },
    rules: ['ack-and-none', 'paid-and-refund', 'paid-and-none', 'acknowledged-and-unpaid', 'trade-open'],
  },
  {
    role: withBuyers(
      {
        name: 'witnesses-believe-complaints',
        parties: ['witness', 'notary'],
        install({ member }) {
          member.goods.judge = () => ({ guilty: true, kind: 'wrong-data', reason: 'a bug' });
        },
      },
      named(BUYERS, 'buyer-complains-falsely'),
    ),
    rules: ['acknowledged-and-unpaid', 'completed-and-back'],
    only: [],
  },
  {
    role: {
      name: 'judges-find-nothing-wrong',
      parties: ['witness', 'notary', 'seller'],
      install({ member }) {
        member.goods.judge = () => ({ guilty: false, kind: 'wrong-data', reason: 'a bug' });
        if (member.party === 'seller') member.goods.cheat = 'wrong-key';
      },
    },
    rules: ['honest-buyer-convicted'],
    only: [],
  },
  {
    // They count as honest here, so that whoever proves their lies is told of.
    role: { ...named(BUYERS, 'buyer-complains-falsely'), name: 'buyers-complain-falsely' },
    rules: ['honest-buyer-convicted'],
    only: [],
  },
  {
    role: {
      name: 'notaries-refuse-everything',
      parties: ['notary'],
      wrapNetwork: (network, context) =>
        named(JUDGES, 'judge-refuses-everything').wrapNetwork?.(network, context) ?? network,
    },
    rules: ['cannot-spend', 'not-certified', 'trade-open', 'call-open'],
    only: [],
  },
  {
    role: {
      name: 'witnesses-say-nothing',
      parties: ['witness', 'notary'],
      install: (context) => named(JUDGES, 'judge-says-nothing').install?.(context),
    },
    rules: ['trade-open', 'not-certified', 'cannot-spend', 'call-open', 'acknowledged-and-unpaid'],
    only: [],
  },
  {
    role: {
      name: 'sellers-send-wrong-keys',
      parties: ['seller'],
      install({ member }) {
        member.goods.cheat = 'wrong-key';
      },
    },
    rules: ['acknowledged-and-unpaid'],
    only: [],
  },
  {
    role: {
      name: 'notaries-on-lying-disks',
      parties: ['notary', 'witness'],
      install({ member }) {
        member.node.statements.setFaults({ lostSync: 6 });
      },
    },
    rules: ['two-certified', 'ack-and-none', 'paid-and-none', 'not-certified', 'acknowledged-and-unpaid'],
    only: ['crashes', 'aimed'],
  },
  {
    role: {
      name: 'buyers-skip-a-record',
      parties: ['buyer'],
      wrapRecords: (store) => ({
        ...store,
        range: async (prefix, options) => {
          const entries = await store.range(prefix, options);
          return prefix.startsWith(TRADE_PREFIX) ? entries.slice(1) : entries;
        },
      }),
    },
    rules: ['trade-forgotten'],
    only: [],
  },
  {
    role: {
      name: 'traders-forget-certificates',
      parties: ['seller', 'buyer'],
      wrapRecords: (store) => forgetting(store, (key) => key.startsWith('evidence/certificate/')),
    },
    rules: ['certificate-forgotten'],
    only: [],
  },
  {
    role: {
      name: 'notaries-forget-accounts',
      parties: ['notary'],
      wrapStatements: (store) => forgetting(store, (key) => key.startsWith('notary/account/')),
    },
    rules: ['statement-forgotten'],
    only: [],
  },
  {
    role: {
      name: 'witnesses-release-early',
      parties: ['witness', 'notary'],
      wrapNetwork: (network, { member }) => releasingEarly(network, member.node.crypto),
    },
    rules: ['released-early'],
    only: ['aimed', 'partitions'],
  },
  {
    role: {
      name: 'untyped-errors',
      parties: ['seller'],
      install({ member }) {
        member.goods.holds = async () => {
          throw new TypeError('a bug');
        };
      },
    },
    rules: ['untyped-error'],
    only: [],
  },
];

/** Runs histories with a planted bug until one breaks a rule that tells of it. */
export async function findPlanted(bug: Planted, seed: number, most: number): Promise<PlantedResult> {
  const only = bug.only === undefined ? undefined : new Set<string>(bug.only);
  for (let tried = 0; tried < most; tried++) {
    const { findings } = await runHistory({ seed: seed + tried, only, planted: bug.role });
    const rules = [...new Set(findings.map(({ rule }) => rule))].filter((rule) => bug.rules.includes(rule));
    if (rules.length === 0) continue;
    // A rule that the history breaks without the bug tells nothing of it.
    const without = await runHistory({ seed: seed + tried, only });
    const told = rules.filter((rule) => !without.findings.some((finding) => finding.rule === rule));
    if (told.length > 0) return { seed: seed + tried, rules: told, histories: tried + 1 };
  }
  return { seed: null, rules: [], histories: most };
}
