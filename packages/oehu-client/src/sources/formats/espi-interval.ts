import { type CompactReader, textAt, type XmlElement } from '../xml.ts';

/** What an `IntervalReading` of ESPI tells, as it is written. */
export interface EspiInterval {
  /** Seconds; undefined when it is no number of them. */
  readonly start: number | undefined;
  readonly duration: number | undefined;
  readonly value: string;
  readonly tou: string | undefined;
  readonly quality: string | undefined;
}

/** An `IntervalReading` without the tree of its elements: files have hundreds of thousands. */
class CompactInterval implements XmlElement, EspiInterval {
  readonly name = 'IntervalReading';
  readonly attributes: XmlElement['attributes'] = NONE;
  readonly children: XmlElement['children'] = NOTHING;
  readonly text = '';
  start: number | undefined = undefined;
  duration: number | undefined = undefined;
  value = '';
  tou: string | undefined = undefined;
  quality: string | undefined = undefined;
}

const NONE: XmlElement['attributes'] = {};
const NOTHING: XmlElement['children'] = [];

/** What the element of an interval tells, whichever way it was read. */
export function intervalOfElement(element: XmlElement): EspiInterval {
  if (element instanceof CompactInterval) return element;
  return {
    start: wholeSeconds(textAt(element, 'timePeriod', 'start')),
    duration: wholeSeconds(textAt(element, 'timePeriod', 'duration')),
    value: textAt(element, 'value') ?? '',
    tou: textAt(element, 'tou'),
    quality: textAt(element, 'ReadingQuality', 'quality'),
  };
}

/** Whole seconds; some exports write epochs with a fraction of float noise. */
function wholeSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,11}(?:\.\d{1,12})?$/.test(text) ? Math.round(Number(text)) : undefined;
}

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const COLON = 0x3a;
const AMPERSAND = 0x26;
const SPACE = 0x20;
const ZERO = 0x30;
/** Longest name of an element that is looked at; those of ESPI have 15 characters. */
const MAX_NAME = 64;

type Tag = 'start' | 'end' | 'other';

/**
 * Reads an `IntervalReading` in the form that exporters write: elements without attributes, two levels deep, each that
 * matters once, without entities, comments and CDATA. What is written otherwise is left to the reader of XML.
 */
export class EspiIntervalReader implements CompactReader {
  end = 0;
  elements = 0;
  #text = '';
  #at = 0;
  /** Bounds of the name of the tag that was read last, and where it begins behind its prefix. */
  #nameAt = 0;
  #localAt = 0;
  #nameEnd = 0;

  read(text: string, from: number): XmlElement | undefined {
    this.#text = text;
    this.#at = from;
    this.elements = 0;
    if (this.#tag() !== 'start' || !this.#isNamed('IntervalReading')) return undefined;
    const [nameAt, nameEnd] = [this.#nameAt, this.#nameEnd];
    const interval = new CompactInterval();
    let told = 0;
    for (;;) {
      const tag = this.#tag();
      if (tag === 'end' && this.#isSameName(nameAt, nameEnd)) break;
      if (tag !== 'start') return undefined;
      const bit = this.#child(interval);
      // What is told twice is told by the first, which the reader of XML knows.
      if (bit < 0 || (told & bit) !== 0) return undefined;
      told |= bit;
    }
    this.end = this.#at;
    return interval;
  }

  /** Reads the child whose start tag was read last: a bit for what it told, 0 for what is not wanted, −1 when it is odd. */
  #child(interval: CompactInterval): number {
    if (this.#isNamed('timePeriod')) return this.#isContainer(interval) ? 1 : -1;
    if (this.#isNamed('ReadingQuality')) return this.#isContainer(interval) ? 2 : -1;
    const [isValue, isTou] = [this.#isNamed('value'), this.#isNamed('tou')];
    const from = this.#at;
    const to = this.#leaf();
    if (to < 0) return -1;
    if (isValue) interval.value = this.#text.slice(from, to).trim();
    else if (isTou) interval.tou = this.#text.slice(from, to).trim();
    return isValue ? 4 : isTou ? 8 : 0;
  }

  /** Reads the leaves of an element up to its end; false when it has something else. */
  #isContainer(interval: CompactInterval): boolean {
    const [nameAt, nameEnd] = [this.#nameAt, this.#nameEnd];
    const isPeriod = this.#isNamed('timePeriod');
    let told = 0;
    for (;;) {
      const tag = this.#tag();
      if (tag === 'end') return this.#isSameName(nameAt, nameEnd);
      if (tag !== 'start') return false;
      const isFirst = this.#isNamed(isPeriod ? 'start' : 'quality');
      const isSecond = isPeriod && this.#isNamed('duration');
      const bit = isFirst ? 1 : isSecond ? 2 : 0;
      const from = this.#at;
      const to = this.#leaf();
      if (to < 0 || (told & bit) !== 0) return false;
      told |= bit;
      if (isSecond) interval.duration = this.#seconds(from, to);
      else if (isFirst && isPeriod) interval.start = this.#seconds(from, to);
      else if (isFirst) interval.quality = this.#text.slice(from, to).trim();
    }
  }

  /** Reads a tag without attributes, and the white space before it. */
  #tag(): Tag {
    const text = this.#text;
    let i = this.#at;
    while (text.charCodeAt(i) <= SPACE) i++;
    if (text.charCodeAt(i) !== LT) return 'other';
    const isEnd = text.charCodeAt(++i) === SLASH;
    if (isEnd) i++;
    this.#nameAt = i;
    this.#localAt = i;
    for (let code = text.charCodeAt(i); code !== GT; code = text.charCodeAt(++i)) {
      if (!isNameCode(code) || i - this.#nameAt > MAX_NAME) return 'other';
      if (code !== COLON) continue;
      if (this.#localAt !== this.#nameAt) return 'other';
      this.#localAt = i + 1;
    }
    if (this.#localAt === i) return 'other';
    this.#nameEnd = i;
    this.#at = i + 1;
    if (!isEnd) this.elements++;
    return isEnd ? 'end' : 'start';
  }

  /** Goes to the end of an element that holds text alone, and gives where that ends; −1 when it holds something else. */
  #leaf(): number {
    const text = this.#text;
    const [nameAt, nameEnd] = [this.#nameAt, this.#nameEnd];
    let i = this.#at;
    for (let code = text.charCodeAt(i); code !== LT; code = text.charCodeAt(++i))
      if (code === AMPERSAND || Number.isNaN(code)) return -1;
    this.#at = i;
    return this.#tag() === 'end' && this.#isSameName(nameAt, nameEnd) ? i : -1;
  }

  /** Whether the tag that was read last has the name that stands in these bounds. */
  #isSameName(from: number, to: number): boolean {
    const text = this.#text;
    if (to - from !== this.#nameEnd - this.#nameAt) return false;
    for (let i = from, j = this.#nameAt; i < to; i++, j++)
      if (text.charCodeAt(i) !== text.charCodeAt(j)) return false;
    return true;
  }

  #isNamed(name: string): boolean {
    return this.#nameEnd - this.#localAt === name.length && this.#text.startsWith(name, this.#localAt);
  }

  #seconds(from: number, to: number): number | undefined {
    const text = this.#text;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const digit = text.charCodeAt(i) - ZERO;
      if (!(digit >= 0 && digit <= 9)) return wholeSeconds(text.slice(from, to).trim());
      sum = 10 * sum + digit;
    }
    return to === from || to - from > 11 ? undefined : sum;
  }
}

/** Letters, digits and `_`, `:`, `.`, `-`. */
function isNameCode(code: number): boolean {
  const letter = code | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a) || (code >= 0x2d && code <= 0x3a && code !== SLASH) || code === 0x5f
  );
}
