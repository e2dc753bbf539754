import type { ConsentLogView, ConsentView } from '@edmp/node/client';
import { shortId } from './format.ts';
import { ACCURACIES, isKind, kindName, purposeName } from './words.ts';

/** Where a consent stands at `now`. */
export function consentState(
  consent: ConsentView,
  now: number,
): { readonly tone: 'good' | 'bad' | 'plain'; readonly name: string; readonly holds: boolean } {
  if (consent.withdrawn !== null) return { tone: 'bad', name: 'Withdrawn', holds: false };
  if (now >= consent.validUntil) return { tone: 'plain', name: 'Ended', holds: false };
  return { tone: 'good', name: 'In force', holds: true };
}

/** `Electricity used` of `electricity import`; several kinds are joined. */
export function consentedKind(what: string): string {
  return what
    .split(', ')
    .map((kind) => {
      const words: readonly string[] = kind.split(' ');
      return isKind(words) ? kindName(...words) : kind;
    })
    .join(', ');
}

/** How exactly the place may be told. */
export function consentedPlace(place: ConsentView['place']): string {
  const accuracy = place === 'none' ? 'hidden' : place;
  const known = ACCURACIES.find((candidate) => candidate.accuracy === accuracy);
  return place === 'none' ? 'Not told' : `${known?.name ?? place}, no closer`;
}

const REFUSALS: Readonly<Record<string, string>> = {
  ERR_CONSENT_WITHDRAWN: 'you had withdrawn the consent',
  ERR_CONSENT_EXPIRED: 'the consent had ended',
  ERR_CONSENT_SCOPE: 'it went further than what you agreed to',
};

/** An entry of the log in plain words. */
export function logText({ event, detail }: ConsentLogView): string {
  switch (event) {
    case 'granted':
      return `You agreed. Allowed for: ${detail.split(', ').map(purposeName).join(', ')}`;
    case 'listed':
      return `Put up for sale as “${detail}”`;
    case 'sealed':
      return `Checked and allowed: a locked copy made for buyer ${shortId(detail)}`;
    case 'delivered':
      return `Checked and allowed: the key for buyer ${shortId(detail)}`;
    case 'refused':
      return `Your node refused a sale: ${REFUSALS[detail] ?? detail}`;
    case 'withdrawn':
      return 'You withdrew the consent';
    case 'erased':
      return 'The consent was deleted from this node';
  }
}

/** Neighbours in the log that say the same, as one: a step that is tried again is checked again. */
export function mergeLog(
  entries: readonly ConsentLogView[],
): readonly { readonly entry: ConsentLogView; readonly times: number }[] {
  const merged: { readonly entry: ConsentLogView; times: number }[] = [];
  for (const entry of entries) {
    const last = merged.at(-1);
    const same =
      last !== undefined &&
      last.entry.event === entry.event &&
      last.entry.consent === entry.consent &&
      last.entry.detail === entry.detail;
    if (same) last.times++;
    else merged.push({ entry, times: 1 });
  }
  return merged;
}
