import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DISPLAYABLE_CODE_POINTS, isShownAlone } from '../src/format/displayable-ranges.ts';
import { displayable, displayableLines, isDisplayable } from '../src/format/index.ts';

const any = fc.string({ unit: 'binary', maxLength: 60 });
/** Texts in which what must not be shown is likely. */
const nasty = fc
  .array(
    fc.constantFrom(
      'a',
      'é',
      'e\u0301',
      ' ',
      '\u001b[2J',
      '\u009b',
      '\u0000',
      '\n',
      '\r',
      '\u2028',
      '\u202e',
      '\u2066',
      '\u200b',
      '\u200d',
      '\ufeff',
      '\u00ad',
      '\ud800',
      '\udc00',
      '\ue000',
      '\u{10ffff}',
      '\u{e0041}',
      '☀\ufe0f',
      '\ufe0f',
      '👩',
      '각',
      '\u1100\u1161\u11a8',
      'ﬁ',
      '\u0344',
      '\u{1fae9}',
      '\u2126',
      '\u0378',
      '1\ufe0f',
      ' \ufe0f',
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));
const texts = fc.oneof(any, nasty);

describe('isDisplayable', () => {
  it.each([
    [
      '',
      'plain text',
      'Ünïcode, naïve',
      '日本語',
      'قياس الطاقة',
      'a\u00a0b',
      '½ kWh · 20 %',
      '☀️ roof',
      '🏠',
      '#️⃣ 5',
    ],
  ])('takes what shows as it is', (...shown) => {
    for (const text of shown) expect(isDisplayable(text), text).toBe(true);
  });

  it.each([
    ['an escape sequence', 'a\u001b[2J'],
    ['a C1 control', 'a\u009b2J'],
    ['NUL', 'a\u0000'],
    ['DEL', 'a\u007f'],
    ['a line feed', 'a\nb'],
    ['a line separator', 'a\u2028b'],
    ['a direction override', 'cheap \u202egnirts'],
    ['a direction isolate', 'a\u2066b'],
    ['a direction mark', 'a\u200eb'],
    ['a zero-width space', 'a\u200bb'],
    ['a byte order mark', '\ufeffa'],
    ['a soft hyphen', 'a\u00adb'],
    ['an invisible filler', '\u3164'],
    ['a tag character', 'a\u{e0041}'],
    ['a lone surrogate', 'a\ud800'],
    ['private use', '\ue000'],
    ['private use of another plane', '\u{100000}'],
    ['a code point that is nothing', '\u0378'],
    ['a character younger than Unicode 15.1', '\u{1fae9}'],
    ['a noncharacter', '\uffff'],
    ['another normal form', 'e\u0301'],
    ['a style selector alone', '\ufe0f'],
    ['a style selector behind a letter', 'a\ufe0f'],
    ['two style selectors', '☀\ufe0f\ufe0f'],
  ])('refuses %s', (_name, text) => {
    expect(isDisplayable(text)).toBe(false);
    expect(isDisplayable(displayable(text, 100))).toBe(true);
  });

  it('knows what Unicode 15.1 knows: nothing that this runtime takes for unassigned, private or a control', () => {
    const visible = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]$/u;
    const hidden = /^\p{Default_Ignorable_Code_Point}$/u;
    let shown = 0;
    const wrong: number[] = [];
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      if (!isShownAlone(codePoint)) continue;
      shown += 1;
      const character = String.fromCodePoint(codePoint);
      if (!visible.test(character) || hidden.test(character)) wrong.push(codePoint);
    }
    expect(wrong).toEqual([]);
    expect(shown).toBe(DISPLAYABLE_CODE_POINTS);
    // What is old and visible is in: the first plane up to the Unicode 1.1 letters, and the emoji of 2023.
    for (const character of 'AzŻЖאعกあ漢한€☀𝒜🫨')
      expect(isShownAlone(character.codePointAt(0) ?? 0), character).toBe(true);
  });
});

describe('displayable', () => {
  it('gives a text that may be shown, no longer than asked, and leaves one as it is that already is', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 70 }), (text, max) => {
        const shown = displayable(text, max);
        expect(isDisplayable(shown), JSON.stringify(shown)).toBe(true);
        expect(shown.length).toBeLessThanOrEqual(max);
        expect(displayable(shown, max)).toBe(shown);
        if (isDisplayable(text) && text.length <= max) expect(shown).toBe(text);
      }),
      { numRuns: 10_000 },
    );
  });

  it('replaces and cuts where a reader can see it', () => {
    expect(displayable('a\u001b[2Jb', 100)).toBe('a\ufffd[2Jb');
    expect(displayable('e\u0301', 100)).toBe('é');
    expect(displayable('abcdef', 4)).toBe('abc…');
    expect(displayable('🏠🏠🏠', 4)).toBe('🏠…');
    expect(displayable('abcdef', 1)).toBe('…');
    expect(displayable('x'.repeat(10_000_000), 5)).toBe('xxxx…');
  });

  it('keeps lines that were laid out here', () => {
    expect(displayableLines('one\ntwo \u001b[31m\r\n')).toBe('one\ntwo \ufffd[31m\ufffd\n');
    fc.assert(
      fc.property(texts, (text) => {
        const shown = displayableLines(text);
        expect(shown.split('\n').length).toBe(text.split('\n').length);
        for (const line of shown.split('\n')) expect(isDisplayable(line)).toBe(true);
        expect(displayableLines(shown)).toBe(shown);
      }),
      { numRuns: 2_000 },
    );
  });
});
