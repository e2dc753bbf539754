import {
  type KeyValueStore,
  type Signer,
  sleep,
  softwareSigner,
} from '../../../packages/interface/src/index.ts';
import { spendingOf } from '../../../packages/market/src/codec.ts';
import { encodeNotaryAnswer, type HoldStatement } from '../../../packages/market/src/notary/answers.ts';
import { NOTARY_PROTOCOL } from '../../../packages/market/src/notary/limits.ts';
import { decodeNotaryRequest, type NotaryRequest } from '../../../packages/market/src/notary/messages.ts';
import { type Statement, signStatement } from '../../../packages/market/src/notary.ts';
import { decodeHalfBlock } from '../../../packages/trustchain/src/block.ts';
import { answering, type ByzantineRole, type LiarContext } from './role.ts';

/** Signs whatever it is asked, and its contrary. */
const signsEverything: ByzantineRole = {
  name: 'judge-signs-everything',
  parties: ['notary'],
  decides: true,
  wrapStatements: keepSigner,
  wrapNetwork: (network, context) =>
    answering(network, NOTARY_PROTOCOL, async (body, honest) => {
      const signer = signers.get(context.member);
      const request = readRequest(body);
      if (signer === undefined || request === undefined) return honest();
      return (await everything(request, signer, context)) ?? honest();
    }),
};

const signers = new WeakMap<LiarContext['member'], Signer>();

/** Takes the statement key out of the store, as whoever owns the machine can. */
function keepSigner(store: KeyValueStore, { cast, member }: LiarContext): KeyValueStore {
  const { crypto } = cast.world;
  const see = (key: string, value: Uint8Array | null): void => {
    if (key === 'notary/key/00' && value !== null) {
      signers.set(member, softwareSigner({ crypto, secretKey: value.slice() }));
    }
  };
  return {
    ...store,
    set: async (key, value) => {
      see(key, value);
      await store.set(key, value);
    },
    range: async (prefix, options) => {
      const entries = await store.range(prefix, options);
      for (const [key, value] of entries) see(key, value);
      return entries;
    },
  };
}

async function everything(
  request: NotaryRequest,
  signer: Signer,
  { cast, universe, lie }: LiarContext,
): Promise<Uint8Array | undefined> {
  const { crypto } = cast.world;
  const sign = async (statement: Statement): Promise<HoldStatement> => {
    universe.bind(statement, signer);
    const signature = await signStatement(statement, signer, crypto);
    return { kind: statement.kind as HoldStatement['kind'], extra: statement.extra, signature };
  };
  const sun = cast.sun?.block.id ?? null;
  if (request.kind === 'spend' && sun !== null) {
    lie();
    const statement: Statement = { kind: 'spend', currency: sun, subject: request.want, extra: null };
    const { signature } = await sign(statement);
    return encodeNotaryAnswer({ kind: 'share', signature });
  }
  if (request.kind === 'release') {
    const hold = spendingOf(decodeHalfBlock(request.evidence.hold, crypto));
    const release = decodeHalfBlock(request.release, crypto);
    if (hold === undefined) return undefined;
    lie();
    const currency = hold.hold?.witnesses === null ? sun : null;
    const statements = [await sign({ kind: 'ack', currency, subject: hold.id, extra: release.id })];
    return encodeNotaryAnswer({ kind: 'holds', holds: [{ statements, need: false, laterMs: 0 }] });
  }
  if (request.kind === 'outcome') {
    lie();
    const holds = await Promise.all(
      request.holds.map(async ({ id }) => {
        const spending = universe.spendings.get(id.toString());
        if (spending === undefined) return { statements: [], need: true, laterMs: 0 };
        const currency = spending.hold?.witnesses === null ? sun : null;
        const statements = await Promise.all(
          (['none', 'paid', 'refund'] as const).map((kind) =>
            sign({ kind, currency, subject: id, extra: null }),
          ),
        );
        return { statements, need: false, laterMs: 0 };
      }),
    );
    return encodeNotaryAnswer({ kind: 'holds', holds });
  }
  return undefined;
}

/** Says nothing to anybody. */
const saysNothing: ByzantineRole = {
  name: 'judge-says-nothing',
  parties: ['notary'],
  decides: true,
  install({ member, lie }) {
    member.node.senders.push(({ kind, name }) => {
      if (kind !== 'response' || name !== NOTARY_PROTOCOL) return undefined;
      lie();
      return [];
    });
  },
};

/** Takes up to two minutes for everything. */
const isLate: ByzantineRole = {
  name: 'judge-late',
  parties: ['notary'],
  decides: true,
  wrapNetwork: (network, { cast, random, lie }) =>
    answering(network, NOTARY_PROTOCOL, async (body, honest) => {
      lie();
      void body;
      await sleep(cast.world.environment, random.below(120_000));
      return honest();
    }),
};

/** Refuses every payment for good. */
const refusesEverything: ByzantineRole = {
  name: 'judge-refuses-everything',
  parties: ['notary'],
  decides: true,
  wrapNetwork: (network, { lie }) =>
    answering(network, NOTARY_PROTOCOL, async (body, honest) => {
      const kind = readRequest(body)?.kind;
      if (kind !== 'spend' && kind !== 'release') return honest();
      lie();
      return encodeNotaryAnswer({ kind: 'refused', code: 'ERR_MONEY_FORK', message: 'no', proof: null });
    }),
};

/** Hands every release out at once, to whoever asks, with no quorum of acknowledgements. */
const handsOut: ByzantineRole = {
  name: 'judge-hands-out',
  parties: ['notary'],
  decides: true,
  wrapNetwork: (network, { lie }) => {
    const kept = new Map<string, { readonly block: Uint8Array; readonly opener: Uint8Array }>();
    return answering(network, NOTARY_PROTOCOL, async (body, honest) => {
      const request = readRequest(body);
      if (request?.kind === 'release') {
        kept.set(request.evidence.hold.join(), { block: request.release, opener: request.opener });
      }
      if (request?.kind !== 'released') return honest();
      const release = [...kept.values()].at(-1) ?? null;
      lie();
      return encodeNotaryAnswer({ kind: 'released', statements: [], release });
    });
  },
};

/** Forgets half of what it wrote about accounts and holds, and so says two things. */
const forgets: ByzantineRole = {
  name: 'judge-forgets',
  parties: ['notary'],
  decides: true,
  wrapStatements: (store, { random, lie }) => ({
    ...store,
    get: async (key) => {
      const isFact = key.startsWith('notary/account/') || key.startsWith('notary/hold/');
      if (!isFact || random.below(2) === 0) return store.get(key);
      lie();
      return undefined;
    },
  }),
};

function readRequest(body: Uint8Array): NotaryRequest | undefined {
  try {
    return decodeNotaryRequest(body);
  } catch {
    return undefined;
  }
}

/** Notaries and witnesses that lie. */
export const JUDGES: readonly ByzantineRole[] = [
  signsEverything,
  saysNothing,
  isLate,
  refusesEverything,
  handsOut,
  forgets,
];
