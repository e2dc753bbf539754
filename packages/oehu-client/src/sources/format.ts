import type { Commodity, Crypto, Flow } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import { type Json, parseMeterJson } from '../oehu/json.ts';
import type { CsvMap } from './formats/csv/map.ts';
import { encodingOf } from './formats/csv/text.ts';
import type { MeterKeys } from './formats/han/cipher.ts';
import { isWorkbook, openWorkbook, type Workbook } from './formats/xlsx/workbook.ts';
import type { MeterFile, MeterFilePieces } from './meter-file.ts';

/** How the epochs of a Green Button file are to be read. */
export interface GreenButtonOptions {
  /**
   * Zone whose wall clock the file's epoch seconds really show. ESPI says UTC, but many utilities write local time;
   * give their zone to read such a file. Default UTC, as the standard says.
   */
  readonly localZone?: string;
  /** `local` reads the epochs as wall-clock time by the file's own LocalTimeParameters. Default `utc`. */
  readonly clock?: 'utc' | 'local';
}

/** What a caller tells about a file that the file does not tell itself. */
export interface FormatOptions {
  /** When the data was taken, ms since the epoch, e.g. the file's time; for kinds that tell no time of their own. */
  readonly receivedAt?: number;
  /** Zone of local times without an offset. Default that of the format's country, else `Europe/Amsterdam`. */
  readonly zone?: string;
  /** Seconds from one telegram of a log to the next, for meters that tell no time. */
  readonly spacingSeconds?: number;
  /** What was metered, for kinds that do not tell. */
  readonly commodity?: Commodity;
  /** Direction of the energy, for kinds that do not tell. */
  readonly flow?: Flow;
  /** Columns of a CSV file that EDMP did not write. */
  readonly csv?: CsvMap;
  /** How to read the epochs of a Green Button file, when they are wall-clock times. */
  readonly greenButton?: GreenButtonOptions;
  /** Keys of a meter whose customer port is encrypted. */
  readonly keys?: MeterKeys;
  /** Checks the signatures of OEHU documents; without it their readings are `unsigned`. */
  readonly crypto?: Crypto;
}

/** A kind of meter file. A new one is one file and one row of `METER_FORMATS`. */
export interface MeterFormat {
  /** Short name, unique, for command lines and reports. */
  readonly kind: string;
  /** What it is and who writes it, one line. */
  readonly title: string;
  /** Whether its reader was tried on files of real meters or portals, or only on samples made after its description. */
  readonly proof: 'real' | 'unproven';
  /** What the file does not tell, so that the caller may have to. */
  readonly declare?: string;
  /** Whether a file is of this kind. Never throws. */
  looksLike(content: MeterContent, options: FormatOptions): boolean;
  /** Reads the file. Throws `MeterError` when it cannot be read as this kind. */
  read(content: MeterContent, options: FormatOptions): MeterFile;
  /** As {@link read}, of kinds that need not make all readings at once; undefined for content of which they have to. */
  readPieces?(content: MeterContent, options: FormatOptions): MeterFilePieces | undefined;
}

const HEAD_BYTES = 4096;

/** The bytes of a meter file, and what several formats want of them, made once. */
export class MeterContent {
  readonly bytes: Uint8Array;
  #text: string | undefined;
  #json: { readonly value: Json } | undefined;
  #head: string | undefined;
  #workbook: { readonly value: Workbook } | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The whole file as text: UTF-16 by its mark, else UTF-8, where bytes that are none become replacement characters. */
  get text(): string {
    this.#text ??= decode(this.bytes);
    return this.#text;
  }

  /** Text of the first 4 KiB without byte order mark and leading white space. */
  get head(): string {
    this.#head ??= decode(this.bytes.subarray(0, HEAD_BYTES))
      .replace(/^\ufeff/, '')
      .trimStart();
    return this.#head;
  }

  /** Whether the text begins as JSON does. */
  get isJson(): boolean {
    return /^[[{]/.test(this.head);
  }

  /** Name of the XML root element without prefix, or undefined when the text begins as none. */
  get xmlRoot(): string | undefined {
    if (!this.head.startsWith('<')) return undefined;
    const body = this.head.replace(/^(?:<\?[^>]*\?>|<!--[\s\S]*?-->|\s)+/, '');
    return /^<(?:[\w.-]+:)?([\w.-]+)[\s/>]/.exec(body)?.[1];
  }

  /** Whether it may be a workbook (XLSX). */
  get isWorkbook(): boolean {
    return isWorkbook(this.bytes);
  }

  /** The opened workbook. Throws `ERR_METER_FORMAT` when it is none, `ERR_METER_LIMIT` when it unfolds to too much. */
  workbook(): Workbook {
    this.#workbook ??= { value: openWorkbook(this.bytes) };
    return this.#workbook.value;
  }

  /** The parsed JSON. Throws `ERR_METER_FORMAT` when it is none. */
  json(): Json {
    this.#json ??= { value: parseMeterJson(this.text) };
    return this.#json.value;
  }

  /** The parsed JSON, or undefined when the text is none. Throws `ERR_METER_LIMIT` when it is nested too deep. */
  jsonOrUndefined(): Json | undefined {
    if (!this.isJson) return undefined;
    try {
      return this.json();
    } catch (error) {
      if (error instanceof MeterError && error.code === 'ERR_METER_FORMAT') return undefined;
      throw error;
    }
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes) ?? 'utf-8').decode(bytes);
}
