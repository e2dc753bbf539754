import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyShape } from '../src/components/key-picture.tsx';
import { keyWords } from '../src/text/key-words.ts';
import { de } from '../src/words/de/index.ts';
import { en } from '../src/words/en/index.ts';
import { type Catalogue, fill, preferredLanguage, type Text } from '../src/words/index.ts';
import { nl } from '../src/words/nl/index.ts';

const forms = (text: Text): readonly string[] => (typeof text === 'string' ? [text] : [text.one, text.other]);
const holes = (text: string): readonly string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort();

describe.each([
  ['nl', nl],
  ['de', de],
] as const)('the catalogue %s', (_, catalogue: Catalogue) => {
  it('has every message, and none besides', () => {
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
  });

  it.each(Object.entries(en as Catalogue))('says %s with the same holes and forms', (key, source) => {
    const text = catalogue[key as keyof Catalogue];
    expect(typeof text).toBe(typeof source);
    for (const [i, form] of forms(text).entries()) {
      expect(form.trim()).not.toBe('');
      expect(holes(form)).toEqual(holes(forms(source)[i] ?? ''));
    }
  });
});

describe('messages', () => {
  it('are filled in, by number where they count', () => {
    const rules = new Intl.PluralRules('en');
    const text = { one: '{n} peer of {name}', other: '{n} peers of {name}' };
    expect(fill(text, { n: 1, name: 'x' }, rules)).toBe('1 peer of x');
    expect(fill(text, { n: 0, name: '$&' }, rules)).toBe('0 peers of $&');
    expect(fill('{a}', { b: 1 }, rules)).toBe('{a}');
  });

  it('are in the first language asked for that there is', () => {
    expect(preferredLanguage(['fr-BE', 'nl-BE', 'de'])).toBe('nl');
    expect(preferredLanguage(['DE-at'])).toBe('de');
    expect(preferredLanguage([])).toBe('en');
  });
});

describe('keys', () => {
  it('have two words and a picture, the same ones every time, whatever they are', () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        expect(keyWords(key)).toMatch(/^\w+ \w+$/);
        expect(keyWords(key)).toBe(keyWords(key));
        const shape = keyShape(key);
        expect(shape).toEqual(keyShape(key));
        expect(shape.ground).not.toBe(shape.band);
      }),
    );
  });
});
