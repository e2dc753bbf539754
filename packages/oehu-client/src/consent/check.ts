import type { Descriptor } from '@edmp/interface';
import { nominalStepMs } from '../time/steps.ts';
import { ConsentError } from './errors.ts';
import { type ConsentReceipt, PLACE_CHARACTERS } from './receipt.ts';

/** One use that a receipt has to cover. */
export interface ConsentUse {
  /** What is listed or delivered. */
  readonly descriptor: Descriptor;
  /** Public key of the buyer in hexadecimal; absent while listing. */
  readonly recipient?: string;
  /** Now, ms since the epoch. */
  readonly now: number;
}

/**
 * Checks that a receipt covers a use, field by field; pure. Throws `ERR_CONSENT_EXPIRED` outside its period of validity
 * and `ERR_CONSENT_SCOPE`, naming the field, when the use is wider than what was agreed.
 */
export function checkConsent(receipt: ConsentReceipt, use: ConsentUse): void {
  const { processing, event } = receipt;
  const { descriptor } = use;
  if (use.now < event.time || use.now >= event.validUntil) {
    throw new ConsentError(
      'ERR_CONSENT_EXPIRED',
      'The consent is not valid at this time; ask the owner for a new one',
    );
  }
  const need = (isCovered: boolean, field: string, message: string): void => {
    if (!isCovered)
      throw new ConsentError('ERR_CONSENT_SCOPE', `Not covered by the consent: ${message}`, {
        details: { field },
      });
  };
  const isCategory = processing.piiCategories.some(
    ({ commodity, flow }) => commodity === descriptor.commodity && flow === descriptor.flow,
  );
  need(isCategory, 'piiCategories', `${descriptor.commodity} ${descriptor.flow}`);
  const isCoarse = nominalStepMs(descriptor.step) >= nominalStepMs(processing.finestStep);
  need(
    isCoarse,
    'finestStep',
    `steps of ${descriptor.step}, agreed were ${processing.finestStep} or coarser`,
  );
  const characters = descriptor.cell?.length ?? 0;
  need(characters <= PLACE_CHARACTERS[processing.placeLevel], 'placeLevel', 'a place this exact');
  need(processing.household || descriptor.household === null, 'household', 'the class of the household');
  need(
    descriptor.from >= processing.dataFrom && descriptor.to <= processing.dataTo,
    'dataFrom',
    `days from ${descriptor.from} to ${descriptor.to}`,
  );
  need(descriptor.licence === processing.licence, 'licence', `licence ${descriptor.licence}`);
  const others = descriptor.purposes.filter((purpose) => !processing.purposes.includes(purpose));
  need(
    others.length === 0 && descriptor.purposes.length > 0,
    'purposes',
    `purposes ${others.join(', ') || 'none'}`,
  );
  if (use.recipient !== undefined && processing.recipients !== 'purchasers') {
    need(processing.recipients.includes(use.recipient), 'recipients', 'this recipient');
  }
}
