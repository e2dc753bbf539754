import { bytesToHex, EdmpError, type Environment } from '@edmp/interface';
import type { ConsentLogView, ConsentView, OfferRequest } from '@edmp/node';

/** How long a consent outlives its listing, ms. */
const GRACE_MS = 86_400_000;

/** The consents of every node of a fake market. */
export interface FakeConsents {
  /** The consent that an offer gives. */
  grant(owner: string, asset: string, digest: Uint8Array, offer: OfferRequest): void;
  /** What a node checks before every listing and delivery; throws `ERR_CONSENT_*`. */
  check(asset: string, event: 'listed' | 'delivered', detail: string): void;
  of(owner: string): readonly ConsentView[];
  log(owner: string): readonly ConsentLogView[];
  /** Undefined: `owner` gave no such consent. */
  withdraw(owner: string, id: string): ConsentView | undefined;
}

/** Consents in memory, by the rules of the real ledger. */
export function fakeConsents(environment: Environment): FakeConsents {
  const { now } = environment;
  const consents: { readonly owner: string; view: ConsentView }[] = [];
  const entries: (ConsentLogView & { readonly owner: string })[] = [];
  const note = (owner: string, consent: string, event: ConsentLogView['event'], detail: string): void => {
    entries.unshift({ owner, at: now(), event, consent, detail });
  };
  return {
    grant(owner, asset, digest, offer) {
      const id = bytesToHex(environment.randomBytes(16));
      consents.unshift({
        owner,
        view: {
          id,
          asset,
          digest: bytesToHex(digest),
          what: `${offer.commodity} ${offer.flow}`,
          from: offer.from,
          to: offer.to,
          finestStep: offer.step,
          place: offer.accuracy === 'hidden' ? 'none' : offer.accuracy,
          household: offer.shareHousehold === true,
          purposes: offer.purposes,
          recipients: 'anyone who buys it',
          licence: 'EDMP-personal-1',
          given: now(),
          validUntil: now() + offer.lifetimeMs + GRACE_MS,
          withdrawn: null,
        },
      });
      note(owner, id, 'granted', offer.purposes.join(', '));
    },
    check(asset, event, detail) {
      const entry = consents.find(({ view }) => view.asset === asset);
      if (entry === undefined) throw new EdmpError('ERR_CONSENT_MISSING', 'No consent is stored');
      const { id, withdrawn, validUntil } = entry.view;
      const expired = now() >= validUntil ? 'ERR_CONSENT_EXPIRED' : undefined;
      const code = withdrawn === null ? expired : 'ERR_CONSENT_WITHDRAWN';
      note(entry.owner, id, code === undefined ? event : 'refused', code ?? detail);
      if (code !== undefined) throw new EdmpError(code, 'The consent for this data has ended');
    },
    of: (owner) => consents.filter((entry) => entry.owner === owner).map(({ view }) => view),
    log: (owner) => entries.filter((entry) => entry.owner === owner).map(({ owner: _, ...entry }) => entry),
    withdraw(owner, id) {
      const entry = consents.find((candidate) => candidate.owner === owner && candidate.view.id === id);
      if (entry === undefined) return undefined;
      if (entry.view.withdrawn === null) {
        entry.view = { ...entry.view, withdrawn: now() };
        note(owner, id, 'withdrawn', '');
      }
      return entry.view;
    },
  };
}
