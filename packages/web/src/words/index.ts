import { en } from './en/index.ts';

/** One message: a text, or its forms for one and for several of what `{n}` counts. `{name}` is filled in. */
export type Text = string | { readonly one: string; readonly other: string };

/** Name of a message. */
export type MessageKey = keyof typeof en;

/** Every message in one language. */
export type Catalogue = Readonly<Record<MessageKey, Text>>;

/** Languages of the page, with their own names. */
export const LANGUAGES = [
  { id: 'en', name: 'English' },
  { id: 'nl', name: 'Nederlands' },
  { id: 'de', name: 'Deutsch' },
] as const;

/** Id of a language. */
export type Language = (typeof LANGUAGES)[number]['id'];

/** English stands in the first script; the others are loaded by who reads them. */
const LOADERS: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => en,
  nl: async () => (await import('./nl/index.ts')).nl,
  de: async () => (await import('./de/index.ts')).de,
};

type Holes<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;
type TextOf<K extends MessageKey> = (typeof en)[K];
type HolesOf<K extends MessageKey> =
  TextOf<K> extends { readonly one: infer One; readonly other: infer Other }
    ? Holes<One> | Holes<Other> | 'n'
    : Holes<TextOf<K>>;
type Filling<K extends MessageKey> = [HolesOf<K>] extends [never]
  ? []
  : [Readonly<Record<HolesOf<K>, string | number>>];

interface Spoken {
  readonly language: Language;
  readonly catalogue: Catalogue;
  readonly plurals: Intl.PluralRules;
}

let spoken: Spoken = { language: 'en', catalogue: en, plurals: new Intl.PluralRules('en') };

/** The language of the page now. */
export function language(): Language {
  return spoken.language;
}

/** The reader's own variant of the language, e.g. `en-GB`: dates and numbers are written by it. */
export function locale(): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === spoken.language) ?? spoken.language;
}

/** Loads a language and speaks it from now on; what is on the screen is drawn again by who calls. */
export async function speak(wanted: Language): Promise<void> {
  const catalogue = await LOADERS[wanted]();
  spoken = { language: wanted, catalogue, plurals: new Intl.PluralRules(wanted) };
  document.documentElement.lang = wanted;
}

/** The language that a reader's browser asks for first, of those that the page has. */
export function preferredLanguage(tags: readonly string[]): Language {
  for (const tag of tags) {
    const known = LANGUAGES.find(({ id }) => id === tag.toLowerCase().split('-')[0]);
    if (known !== undefined) return known.id;
  }
  return 'en';
}

/** A message in the language of the page. */
export function t<K extends MessageKey>(key: K, ...filling: Filling<K>): string {
  const [values] = filling as [Readonly<Record<string, string | number>>?];
  return fill(spoken.catalogue[key], values, spoken.plurals);
}

/** A text with its holes filled. A hole without a value stays as it is. */
export function fill(
  text: Text,
  values: Readonly<Record<string, string | number>> | undefined,
  plurals: Pick<Intl.PluralRules, 'select'>,
): string {
  const form =
    typeof text === 'string' ? text : plurals.select(Number(values?.n)) === 'one' ? text.one : text.other;
  return values === undefined
    ? form
    : form.replaceAll(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
}
