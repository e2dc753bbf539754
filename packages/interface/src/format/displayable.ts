import { isShownAlone } from './displayable-ranges.ts';

/** What stands for a character that must not be shown. */
const REPLACEMENT = '\ufffd';
/** Marks a text that was cut. */
const ELLIPSIS = '…';
const TEXT_STYLE = 0xfe0e;
const EMOJI_STYLE = 0xfe0f;
/** Digits and symbols, among which are all characters that have a text and an emoji style. */
const STYLED = /^[#*0-9©®\u203c-\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\u{1f000}-\u{1faff}]$/u;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

const isStyle = (codePoint: number): boolean => codePoint === TEXT_STYLE || codePoint === EMOJI_STYLE;

/**
 * Whether the character shows as what it is. A style selector does behind a symbol that it changes, and nowhere else,
 * where it would be an invisible character.
 */
function isShown(character: string, before: string): boolean {
  const codePoint = character.codePointAt(0) ?? 0;
  return isStyle(codePoint) ? STYLED.test(before) : isShownAlone(codePoint);
}

/**
 * Whether a text that a stranger wrote may be shown as it is: one line in which every character is visible or a space,
 * in the one normal form (NFC).
 *
 * Refused are control characters (C0, C1, DEL), line and paragraph separators, direction overrides and isolates,
 * zero-width and other invisible characters, lone surrogates, private use, and whatever Unicode 15.1 does not know: what
 * a newer version knows is refused by everybody, so that a block with such a text is valid for all or for none.
 *
 * @param text - What a stranger wrote; anything may be given.
 *
 * @example
 * ```ts
 * import { isDisplayable } from '@edmp/interface/format';
 *
 * console.log(isDisplayable('June in Delft'), isDisplayable('a\u0007')); // true false
 * ```
 */
export function isDisplayable(text: string): boolean {
  if (PRINTABLE_ASCII.test(text)) return true;
  let before = '';
  for (const character of text) {
    if (!isShown(character, before)) return false;
    before = character;
  }
  return text.normalize('NFC') === text;
}

/**
 * The text in a form that {@link isDisplayable} accepts: what must not be shown becomes U+FFFD, and what is longer than
 * `max` UTF-16 units is cut and ends in `…`. A text that is displayable and short enough comes back as it is. `max` is at
 * least 1.
 *
 * @param text - What a stranger wrote; anything may be given.
 *
 * @example
 * ```ts
 * import { displayable } from '@edmp/interface/format';
 *
 * console.log(displayable('June\u001b[2J', 40).includes('\u001b')); // false
 * ```
 */
export function displayable(text: string, max: number): string {
  // Longer texts are not read to their end; a normalised text may be a third as long.
  const start = text.length > 4 * max ? text.slice(0, 4 * max) : text;
  const clean = isDisplayable(start) ? start : cleaned(start);
  return clean.length <= max && start.length === text.length ? clean : `${head(clean, max - 1)}${ELLIPSIS}`;
}

function cleaned(text: string): string {
  // Normalised first: the parts of a character may be shown where the whole is not known, never the other way round.
  let clean = '';
  let before = '';
  for (const character of text.normalize('NFC')) {
    const shown = isShown(character, before) ? character : REPLACEMENT;
    clean += shown;
    before = shown;
  }
  return clean.normalize('NFC');
}

/** The first `max` UTF-16 units, without half a surrogate pair at the end. */
function head(text: string, max: number): string {
  const cut = text.slice(0, Math.max(0, max));
  const last = cut.charCodeAt(cut.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut;
}

/**
 * {@link displayable} line by line, for text of several lines that was laid out here and may hold what strangers wrote:
 * the last filter before a terminal. Lines are not cut.
 *
 * @param text - Lines separated by `\n`.
 */
export function displayableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => displayable(line, Math.max(1, line.length * 3)))
    .join('\n');
}
