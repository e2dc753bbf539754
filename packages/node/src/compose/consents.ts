import type { DataSettlement } from '@edmp/data-settlement';
import {
  bytesToHex,
  type Crypto,
  type Environment,
  publicKeyToHex,
  type Settlement,
  type SettlementTrade,
  utf8ToBytes,
} from '@edmp/interface';
import type { ConsentLedger } from '@edmp/oehu-client';
import type { ConsentReceipt, ConsentState } from '@edmp/oehu-client/consent';
import type { ConsentView, OfferRequest } from '../service.ts';
import { jurisdictionOf } from './jurisdiction.ts';

/** How long a consent covers sales after its listing has ended, ms: a deal that has begun may end. */
const GRACE_MS = 86_400_000;
const PLACE_LEVELS = { street: 'street', town: 'town', region: 'region', hidden: 'none' } as const;
const NOTICE =
  'The chosen days are sold to whoever pays the price, under the named licence and purposes. The listing shows what the sell page showed. Sold copies cannot be called back.';

/** What the owner may do under GDPR articles 7, 15, 17, 20 and 77, as far as the node serves it. */
const RIGHTS: readonly string[] = [
  'withdraw the consent at any time',
  'see every sale made under it, in the log of consents',
  'take the record along, as JSON',
  'erase the data, its keys and its salts on this node',
  'complain to a supervisory authority',
];

/** What {@link consentReceipt} is made from. */
export interface ConsentRequest {
  readonly offer: OfferRequest;
  readonly licence: string;
  /** IANA zone of the readings. */
  readonly zone: string;
  /** Key (hexadecimal) and name of the owner's node. */
  readonly controller: { readonly id: string; readonly name: string };
  /** Secret behind the owner's pseudonym. */
  readonly ownerKey: Uint8Array;
  readonly crypto: Pick<Crypto, 'hmacSha256'>;
  readonly environment: Environment;
}

/** The receipt of what an owner agrees to by making an offer: exactly that offer, nothing wider. */
export function consentReceipt(request: ConsentRequest): ConsentReceipt {
  const { offer, environment, crypto } = request;
  const now = environment.now();
  return {
    header: {
      schemaVersion: 'edmp/consent/2',
      recordId: bytesToHex(environment.randomBytes(16)),
      piiPrincipalId: bytesToHex(
        crypto.hmacSha256(request.ownerKey, utf8ToBytes('edmp/consent-principal/v1')).slice(0, 16),
      ),
    },
    processing: {
      privacyNotice: NOTICE,
      // The page that shows the notice speaks English.
      language: 'en',
      lawfulBasis: 'consent',
      controller: {
        ...request.controller,
        name: request.controller.name.trim() === '' ? 'owner' : request.controller.name,
        contact: `the node with the key ${request.controller.id} on the EDMP network`,
      },
      collectionMethod: "read from the household's meter by the owner's node",
      storageLocation: "the owner's node",
      withdrawalMethod:
        'on the page Consents, with edmp consents withdraw, or DELETE /v1/consents/{id} of the node; it stops further sales at once',
      privacyRights: RIGHTS,
      purposes: offer.purposes,
      piiCategories: [{ commodity: offer.commodity, flow: offer.flow }],
      finestStep: offer.step,
      placeLevel: PLACE_LEVELS[offer.accuracy],
      household: offer.shareHousehold === true,
      recipients: 'purchasers',
      licence: request.licence,
      dataFrom: offer.from,
      dataTo: offer.to,
      retentionPeriod: 'P1Y',
      jurisdiction: jurisdictionOf(request.zone),
    },
    event: {
      state: 'given',
      time: now,
      validUntil: now + offer.lifetimeMs + GRACE_MS,
      method: 'explicit, by listing these days for sale',
    },
  };
}

/**
 * A settlement that asks the owner's consents before it seals data for a buyer and again before it releases the key:
 * a withdrawal stops every sale that is not finished, at once. Data without a receipt is not delivered.
 */
export function withConsent(settlement: DataSettlement, consents: ConsentLedger): Settlement {
  const check = async (step: 'checkSealing' | 'checkDelivery', trade: SettlementTrade): Promise<void> => {
    const dataset = (await settlement.datasets()).find((candidate) => candidate.asset === trade.asset);
    // Unknown assets are the settlement's own error.
    if (dataset !== undefined) {
      await consents[step](dataset.document.descriptor, publicKeyToHex(trade.buyer));
    }
  };
  return {
    ...settlement,
    async seal(trade, options) {
      await check('checkSealing', trade);
      return settlement.seal(trade, options);
    },
    async release(trade, options) {
      await check('checkDelivery', trade);
      return settlement.release(trade, options);
    },
  };
}

/** A consent for people and programs. */
export function consentView(
  { receipt, digest, withdrawnAt }: ConsentState,
  asset: string | null,
): ConsentView {
  const { header, processing, event } = receipt;
  return {
    id: header.recordId,
    asset,
    digest: bytesToHex(digest),
    what: processing.piiCategories.map(({ commodity, flow }) => `${commodity} ${flow}`).join(', '),
    from: processing.dataFrom,
    to: processing.dataTo,
    finestStep: processing.finestStep,
    place: processing.placeLevel,
    household: processing.household,
    purposes: processing.purposes,
    recipients:
      processing.recipients === 'purchasers' ? 'anyone who buys it' : processing.recipients.join(', '),
    licence: processing.licence,
    given: event.time,
    validUntil: event.validUntil,
    withdrawn: withdrawnAt,
  };
}
