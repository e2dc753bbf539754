import { CERTIFICATES_PROTOCOL } from '../../../packages/market/src/evidence/certificate-messages.ts';
import { HOLDS_TOPIC } from '../../../packages/market/src/evidence/hold-messages.ts';
import { NOTARY_PROTOCOL } from '../../../packages/market/src/notary/limits.ts';
import { decodeNotaryRequest } from '../../../packages/market/src/notary/messages.ts';
import { deciders } from '../members.ts';
import type { ByzantineRole } from './role.ts';

/** Complains to half of the witnesses only. */
const complainsToFew: ByzantineRole = {
  name: 'buyer-complains-to-few',
  parties: ['buyer'],
  install({ cast, member, lie }) {
    member.goods.cheat = 'false-complaint';
    member.node.senders.push(({ kind, name, to, body }) => {
      if (kind !== 'request' || name !== NOTARY_PROTOCOL || !isComplaint(body)) return undefined;
      const judges = deciders(cast);
      const place = judges.findIndex(({ key }) => key.join() === to.join());
      if (place < judges.length >> 1) return undefined;
      lie();
      return [];
    });
  },
};

/** Pays from behind a gap: every third block is pushed, and nobody can fetch those before it. */
const paysAcrossGap: ByzantineRole = {
  name: 'buyer-pays-across-gap',
  parties: ['buyer'],
  install({ member, lie }) {
    let pushed = 0;
    member.node.senders.push(({ kind, name }) => {
      const isPush = kind === 'request' && name === '/edmp/tc/push/1';
      const isServing = kind === 'response' && /^\/edmp\/tc\/(sync|reconcile)\//.test(name);
      if (!isServing && !(isPush && ++pushed % 3 > 0)) return undefined;
      lie();
      return [];
    });
  },
};

/** Keeps every certificate and outcome to itself, until a year has passed if the history is so long. */
const keepsCertificates: ByzantineRole = {
  name: 'trader-keeps-certificates',
  parties: ['buyer', 'seller'],
  install({ cast, member, lie }) {
    member.node.senders.push(({ kind, name }) => {
      const isKept = (kind === 'response' && name === CERTIFICATES_PROTOCOL) || name === HOLDS_TOPIC;
      if (!isKept || cast.isYearOver) return undefined;
      lie();
      return [];
    });
  },
};

function isComplaint(body: Uint8Array): boolean {
  try {
    return decodeNotaryRequest(body).kind === 'complain';
  } catch {
    return false;
  }
}

/** Traders that show what they have to some, late, or not at all. */
export const WITHHOLDERS: readonly ByzantineRole[] = [complainsToFew, paysAcrossGap, keepsCertificates];
