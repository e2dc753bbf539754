import { PrivacyError } from './errors.ts';

/** What a text may point at somebody with. */
export const PERSONAL_KINDS = ['e-mail', 'phone', 'address', 'coordinates', 'meter number'] as const;
/** One of {@link PERSONAL_KINDS}. */
export type PersonalKind = (typeof PERSONAL_KINDS)[number];

/** Words of a text that seem to point at somebody. */
export interface PersonalText {
  readonly kind: PersonalKind;
  /** The words as they stand in the text. */
  readonly words: string;
}

/** Public texts of a listing. */
export interface PublicTexts {
  readonly title: string;
  readonly purposes?: readonly string[];
  readonly licence?: string;
}

// Longest text that is looked at, characters: titles have 200, purposes 64.
const MAX_TEXT = 2_000;
/** Shortest id that is looked for, characters: shorter ones stand in any word. */
const MIN_ID = 4;

/** Endings of streets' names that are written together with the name, before the house number. */
const JOINED =
  'straat|weg|laan|plein|gracht|kade|dijk|singel|steeg|straße|strasse|str\\.?|gasse|allee|platz|ufer|damm|vej|gade|gatan|gata|vägen|katu|utca|vegen|veien';
/** The same as words of their own: Lange Gasse 4. A year behind them is none. */
const LAST_WORD = 'straat|weg|laan|plein|straße|strasse|gasse|allee|platz|markt|ring|ufer|damm|linden|graben';
/** Words for a street that stand apart, before or behind its number. */
const APART =
  'rue|boulevard|bd\\.?|chemin|impasse|allée|via|viale|piazza|corso|calle|c/|avenida|plaza|paseo|carrer|rua|travessa|ulica|ul\\.|avenue|ave\\.?';
/** Words that stand behind number and name only. */
const BEHIND = 'street|st\\.?|road|rd\\.?|lane|drive|close|court|crescent|terrace|square';
const NUMBER = '\\d{1,4}[a-z]?';
/** What stands between a street and its number. */
const BEFORE_NUMBER =
  '\\s{0,3},?\\s{0,3}(?:(?:nr|no|num|n|nummer|huisnummer|hausnummer|number)[.:°º]{0,2}\\s{0,2})?';
/** What is no second half of a Dutch postcode, but a unit or the like, in small letters. */
const NO_LETTERS =
  'kw|mw|gw|va|wp|wh|wk|ml|kg|km|cm|mm|hz|ah|th|st|nd|rd|am|pm|ct|eu|ev|pv|hp|er|te|de|en|of|in|ms|ns|mb|gb|kb|px';

/** Dates and spans of time, which are not looked at as numbers. */
const DATES = /\b\d{4}-\d{2}(?:-\d{2})?\b|\b\d{1,2}[-./]\d{1,2}[-./]\d{2,4}\b/gu;

const PATTERNS: readonly { readonly kind: PersonalKind; readonly pattern: RegExp }[] = [
  {
    kind: 'e-mail',
    pattern: /[^\s@<>(),;:]{1,64}\s?(?:@|\(at\)|\[at\])\s?[^\s@<>(),;:]{1,100}\.[a-z]{2,}/giu,
  },
  {
    kind: 'e-mail',
    pattern:
      /\b[\p{L}\d._-]{1,64}\s(?:at|\(at\)|\[at\])\s[\p{L}\d._-]{1,60}\s(?:dot|punt|punkt|\(dot\)|\[dot\])\s[a-z]{2,10}\b/giu,
  },
  { kind: 'coordinates', pattern: /\b[NS]\s?\d{1,2}[°\s.,]\s?[\d.,'′]{1,9}\s?,?\s?[EW]\s?\d{1,3}\b/gu },
  { kind: 'coordinates', pattern: /-?\d{1,3}[.,]\d{3,}°?\s?[NS]?\s*[,;/ ]\s*-?\d{1,3}[.,]\d{3,}/giu },
  { kind: 'phone', pattern: /(?:\+|\b00)[1-9](?:[\s().\-/]{0,2}\d){7,13}/gu },
  { kind: 'phone', pattern: /\b0[1-9](?:[\s().\-/]{0,2}\d){7,9}\b/gu },
  { kind: 'phone', pattern: /\(\d{3}\)\s?\d{3}[-\s.]\d{4}\b|\b\d{3}[-.]\d{3}[-.]\d{4}\b/gu },
  // A year before two letters that are no place, and units of power, are left alone. 1234 AB (NL), SW1A 1AA (GB), 10115 Berlin (DE, FR, IT, ES), 1010 Wien needs its country: A-1010, B-1000, L-1234.
  {
    kind: 'address',
    pattern: /\b(?!(?:19|20)\d\d\s(?:PV|EV|EU|HP)\b)[1-9]\d{3}\s?(?!VA|KW|MW|GW)[A-Z]{2}\b/gu,
  },
  { kind: 'address', pattern: new RegExp(`\\b(?!0)\\d{4}(?!${NO_LETTERS})[a-z]{2}\\b`, 'gu') },
  // The second half of a British one has none of C, I, K, M, O and V; in small letters only where a space parts the halves.
  { kind: 'address', pattern: /\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{2}\b/gu },
  { kind: 'address', pattern: /\b[a-z]{1,2}\d[a-z\d]?\s\d[abd-hjlnp-uw-z]{2}\b/gu },
  { kind: 'address', pattern: /\b\d{5}\s(?!K?WH\b|MWH\b)\p{Lu}\p{L}{2,}/gu },
  { kind: 'address', pattern: /\b(?:A|B|D|F|L|CH)-\d{4,5}\b/gu },
  {
    kind: 'address',
    pattern: new RegExp(
      `(?<![\\p{L}\\d])[\\p{L}'’.-]{2,40}(?:${JOINED})${BEFORE_NUMBER}(?!(?:19|20)\\d\\d\\b)${NUMBER}(?![\\p{L}\\d])`,
      'giu',
    ),
  },
  {
    kind: 'address',
    pattern: new RegExp(
      `(?<![\\p{L}\\d])[\\p{L}'’.-]{2,40}\\s(?:${LAST_WORD})\\s?,?\\s?\\d{1,3}[a-z]?(?![\\p{L}\\d])`,
      'giu',
    ),
  },
  {
    kind: 'address',
    pattern: new RegExp(
      `(?<![\\p{L}\\d])${NUMBER},?\\s(?:[\\p{L}'’.-]{2,30}\\s){0,3}(?:${APART}|${BEHIND})(?![\\p{L}\\d])`,
      'giu',
    ),
  },
  {
    kind: 'address',
    pattern: new RegExp(
      `(?<![\\p{L}\\d])(?:${APART})\\s(?:[\\p{L}'’.-]{2,30}\\s){0,3}[\\p{L}'’.-]{2,30}${BEFORE_NUMBER}(?<!\\p{L})${NUMBER}(?![\\p{L}\\d])`,
      'giu',
    ),
  },
  // Numbers of meters, connections and accounts: ten characters or more with six digits or more among them.
  {
    kind: 'meter number',
    pattern: /\b(?=[A-Z\d]{10,40}\b)(?=(?:[A-Z]{0,20}\d){6})(?=\d*[A-Z])[A-Z\d]+\b/gu,
  },
  { kind: 'meter number', pattern: /\b\d\s[A-Z]{3}\s\d{2}(?:\s?\d{4}){2}\b/gu },
  { kind: 'meter number', pattern: /\b[A-Z]{1,5}[- ]?\d{6,}\w*/giu },
  { kind: 'meter number', pattern: /\b\d(?:[ .-]?\d){9,}\b|\b\d{8,}\b/gu },
  {
    kind: 'meter number',
    pattern:
      /\b(?:meter|ean|serial|serie|zähler|compteur|contador|pod|cups|mpan|mprn|prm|pdl)(?:\s?(?:no|nr|number|nummer|id)\b\.?)?\s?[#:]?\s?(?=[a-z-]{0,6}\d)[a-z0-9-]{5,}/giu,
  },
];

const bare = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\d]+/gu, '');

/**
 * Words of a text that seem to point at a household: e-mail addresses, phone numbers, streets with a number and
 * postcodes, coordinates, meter numbers, and the ids that are given. Patterns of European and North American usage, no
 * dictionary: what they do not know passes, and a harmless word may be among what they find.
 *
 * @param text - Free text; only its first 2 000 characters are looked at.
 * @param ids - What must not occur in any case, such as the meter's id or serial number; those without a digit are names
 *   of the owner's choice and are not looked for.
 *
 * @example
 * ```ts
 * import { screenText } from '@edmp/oehu-client/privacy';
 *
 * console.log(screenText('Power of Kerkstraat 12')[0]?.words); // Kerkstraat 12
 * console.log(screenText('Electricity used, 2026-01-10').length); // 0
 * ```
 */
export function screenText(text: string, ids: readonly string[] = []): PersonalText[] {
  // Full-width digits and the like read the same to people, and what is not seen parts no words.
  const plain = text
    .slice(0, MAX_TEXT)
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '');
  const numbers = plain.replace(DATES, (date) => '|'.repeat(date.length));
  const found: PersonalText[] = [];
  const taken: (readonly [from: number, to: number])[] = [];
  const take = (kind: PersonalKind, from: number, length: number): void => {
    const to = from + length;
    if (taken.some(([start, end]) => from < end && to > start)) return;
    taken.push([from, to]);
    found.push({ kind, words: plain.slice(from, to).trim() });
  };
  for (const id of ids) {
    // A meter that its owner calls house is no secret.
    if (!/\d/.test(id)) continue;
    const at = id.length < MIN_ID ? -1 : plain.toLowerCase().indexOf(id.normalize('NFKC').toLowerCase());
    if (at >= 0) take('meter number', at, id.length);
    // Written in groups it is the same number.
    else if (bare(id).length >= MIN_ID && bare(plain).includes(bare(id)))
      found.push({ kind: 'meter number', words: id });
  }
  for (const { kind, pattern } of PATTERNS)
    for (const match of numbers.matchAll(pattern)) take(kind, match.index, match[0].length);
  return found;
}

/**
 * Refuses public texts that seem to point at a household. Throws `ERR_PRIVACY_TEXT` with the words in its message and, as
 * a list of field, kind and words, in `details.findings`.
 *
 * @param ids - What must not occur in any case, such as the meter's id or serial number.
 */
export function checkPublicTexts(texts: PublicTexts, ids: readonly string[] = []): void {
  const fields = [
    ['title', texts.title] as const,
    ...(texts.purposes ?? []).map((purpose) => ['purposes', purpose] as const),
    ['licence', texts.licence ?? ''] as const,
  ];
  const findings = fields.flatMap(([field, text]) => screenText(text, ids).map((one) => ({ field, ...one })));
  if (findings.length === 0) return;
  const told = findings.map(
    ({ field, kind, words }) => `${JSON.stringify(words)} in ${field} looks like ${kindText(kind)}`,
  );
  throw new PrivacyError(
    'ERR_PRIVACY_TEXT',
    `Everybody would read this: ${told.join('; ')}. Leave it out, or allow it expressly`,
    { details: { findings } },
  );
}

function kindText(kind: PersonalKind): string {
  if (kind === 'coordinates') return kind;
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind === 'phone' ? 'phone number' : kind === 'e-mail' ? 'e-mail address' : kind}`;
}
