import type { AttestationLevel, Commodity, DatasetDocument, Flow, IntervalStep } from '@edmp/interface';
import { dayNumber, wordsOf } from './listing-query.ts';

const LEVELS: readonly AttestationLevel[] = ['unsigned', 'intact', 'signed', 'linked', 'anchored'];
const COMMODITIES: readonly Commodity[] = ['electricity', 'gas', 'water', 'heat'];
const FLOWS: readonly Flow[] = ['import', 'export'];
const STEPS: readonly IntervalStep[] = ['PT1M', 'PT5M', 'PT15M', 'PT30M', 'PT1H', 'P1D'];

/** Most words of a listing that are searched: a title of 200 characters has some 30. */
const MAX_WORDS = 32;
/** Longest geohash of a listing. */
const MAX_CELL = 5;
const CELL_ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';

/** Number of a vocabulary's value, or −1. */
export function levelNumber(level: AttestationLevel): number {
  return LEVELS.indexOf(level);
}

/** Number of a commodity, or −1. */
export function commodityNumber(commodity: Commodity): number {
  return COMMODITIES.indexOf(commodity);
}

/** Number of a direction of flow, or −1. */
export function flowNumber(flow: Flow): number {
  return FLOWS.indexOf(flow);
}

/** Number of a step, or −1. */
export function stepNumber(step: IntervalStep): number {
  return STEPS.indexOf(step);
}

/** What a search looks at of each listing, in columns by slot: some 25 bytes and one short text. */
export class ListingColumns {
  levels: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  commodities: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  flows: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  steps: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  /** Days as numbers YYYYMMDD. */
  from: Int32Array<ArrayBuffer> = new Int32Array(16);
  to: Int32Array<ArrayBuffer> = new Int32Array(16);
  /** Geohash: length in the lowest three bits, five bits a character above them, the first one lowest. */
  cells: Int32Array<ArrayBuffer> = new Int32Array(16);
  /** Distinct words, each with a space before it; '' = no listing in this slot. */
  readonly texts: string[] = [];

  /** Fills a slot. */
  set(slot: number, document: DatasetDocument): void {
    if (slot >= this.levels.length) this.#grow(slot + 1);
    const { descriptor } = document;
    this.levels[slot] = levelNumber(descriptor.attestation);
    this.commodities[slot] = commodityNumber(descriptor.commodity);
    this.flows[slot] = flowNumber(descriptor.flow);
    this.steps[slot] = stepNumber(descriptor.step);
    this.from[slot] = dayNumber(descriptor.from);
    this.to[slot] = dayNumber(descriptor.to);
    this.cells[slot] = packCell(descriptor.cell ?? '');
    const words = new Set(
      wordsOf([descriptor.title, descriptor.licence, descriptor.commodity, ...descriptor.purposes].join(' ')),
    );
    while (this.texts.length < slot) this.texts.push('');
    this.texts[slot] = flat(
      [...words]
        .slice(0, MAX_WORDS)
        .map((word) => ` ${word}`)
        .join(''),
    );
  }

  /** Empties a slot. */
  clear(slot: number): void {
    this.texts[slot] = '';
  }

  /** Whether a listing's place lies within a packed cell of `length` characters. */
  isWithin(slot: number, cell: number, length: number): boolean {
    const own = this.cells[slot] as number;
    return (own & 7) >= length && (((own ^ cell) >> 3) & ((1 << (5 * length)) - 1)) === 0;
  }

  /** Whether some word of a listing begins with `word`. */
  hasWord(slot: number, word: string): boolean {
    return (this.texts[slot] ?? '').includes(` ${word}`);
  }

  /** Whether a listing has a word for each of `beginnings`, which have a space before them. */
  hasAll(slot: number, beginnings: readonly string[]): boolean {
    const text = this.texts[slot] ?? '';
    for (const beginning of beginnings) if (!text.includes(beginning)) return false;
    return true;
  }

  /** Terms under which a listing is found: beginnings of words up to three letters, places, levels, commodity, flow and step. */
  termsOf(slot: number): ReadonlySet<string> {
    const terms = new Set<string>();
    for (const word of (this.texts[slot] ?? '').split(' ')) {
      for (let n = 1; n <= Math.min(3, word.length); n++) terms.add(`w${word.slice(0, n)}`);
    }
    const cell = this.cells[slot] as number;
    const text = unpackCell(cell);
    for (let n = 1; n <= text.length; n++) terms.add(`c${text.slice(0, n)}`);
    for (let level = 1; level <= (this.levels[slot] as number); level++) terms.add(`l${level}`);
    terms.add(`m${this.commodities[slot]}`).add(`f${this.flows[slot]}`).add(`s${this.steps[slot]}`);
    return terms;
  }

  /** Whether a slot has one of the terms of {@link ListingColumns.termsOf}. */
  hasTerm(slot: number, term: string): boolean {
    if ((this.texts[slot] ?? '') === '') return false;
    const rest = term.slice(1);
    switch (term.charAt(0)) {
      case 'w':
        return this.hasWord(slot, rest);
      case 'c':
        return this.isWithin(slot, packCell(rest), rest.length);
      case 'l':
        return (this.levels[slot] as number) >= Number(rest);
      case 'm':
        return this.commodities[slot] === Number(rest);
      case 'f':
        return this.flows[slot] === Number(rest);
      default:
        return this.steps[slot] === Number(rest);
    }
  }

  #grow(least: number): void {
    const capacity = Math.max(least, this.levels.length * 2);
    const bytes = (from: Uint8Array): Uint8Array<ArrayBuffer> => {
      const to = new Uint8Array(capacity);
      to.set(from);
      return to;
    };
    const ints = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(capacity);
      to.set(from);
      return to;
    };
    this.levels = bytes(this.levels);
    this.commodities = bytes(this.commodities);
    this.flows = bytes(this.flows);
    this.steps = bytes(this.steps);
    this.from = ints(this.from);
    this.to = ints(this.to);
    this.cells = ints(this.cells);
  }
}

/** A geohash of at most five characters as one number. */
export function packCell(cell: string): number {
  const length = Math.min(MAX_CELL, cell.length);
  let packed = length;
  for (let i = 0; i < length; i++) {
    packed |= Math.max(0, CELL_ALPHABET.indexOf(cell.charAt(i))) << (3 + 5 * i);
  }
  return packed;
}

function unpackCell(packed: number): string {
  let cell = '';
  for (let i = 0; i < (packed & 7); i++) cell += CELL_ALPHABET.charAt((packed >> (3 + 5 * i)) & 31);
  return cell;
}

/** The same text in one piece: joined text is a tree of its parts, many times as large. */
function flat(text: string): string {
  return text.length === 0 ? ' ' : JSON.parse(JSON.stringify(text));
}
