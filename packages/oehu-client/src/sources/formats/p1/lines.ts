/** One object of a telegram: an OBIS reference and the texts in its brackets. */
export interface P1Line {
  /** OBIS reference, e.g. `1-0:1.8.1`. */
  readonly reference: string;
  readonly values: readonly string[];
}

const REFERENCE = /^\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(?:\.\d{1,3})?$/;
const REGISTER = /^1-\d{1,3}:([12])\.8\.(\d)$/;
const OPEN = 0x28;
const DASH = 0x2d;
const ZERO = 0x30;

/** The objects of a telegram's text, the lines that are none, and what stands behind the first `/`. */
export function splitLines(text: string): { lines: P1Line[]; unknown: string[]; identification: string } {
  const lines: P1Line[] = [];
  const unknown: string[] = [];
  const rows = text.split(/\r\n|\n|\r/);
  for (let i = 1; i < rows.length; i++) {
    const row = rows[i];
    if (row !== undefined && row !== '') addLine(row, lines, unknown);
  }
  return { lines, unknown, identification: (rows[0] ?? '').slice(1) };
}

function addLine(row: string, lines: P1Line[], unknown: string[]): void {
  const open = row.indexOf('(');
  const values = open < 0 ? undefined : bracketed(row, open);
  const last = lines[lines.length - 1];
  // Up to DSMR 3 the gas value stands alone on the line below its header.
  if (open === 0 && values !== undefined && last !== undefined) {
    lines[lines.length - 1] = { ...last, values: [...last.values, ...values] };
    return;
  }
  const reference = open < 0 ? row : row.slice(0, open);
  if (values !== undefined && REFERENCE.test(reference)) lines.push({ reference, values });
  else unknown.push(row);
}

/** The texts of the brackets that `row` consists of from `open` on; undefined when it does not. */
function bracketed(row: string, open: number): string[] | undefined {
  const values: string[] = [];
  for (let from = open; from < row.length; ) {
    const to = row.indexOf(')', from);
    if (row.charCodeAt(from) !== OPEN || to < 0) return undefined;
    const value = row.slice(from + 1, to);
    if (value.includes('(')) return undefined;
    values.push(value);
    from = to + 1;
  }
  return values;
}

/** The lines that readings come of. */
export interface SortedLines {
  /** `0-0` and `1-3`: what the device tells of itself. And `1-x` objects that tell its serial. */
  readonly device: readonly P1Line[];
  /** Registers 1.8 and 2.8 of `1-x`, which are those of the main meter. */
  readonly registers: readonly P1Line[];
  /** By number of the channel, 1 to 4. */
  readonly channels: readonly (readonly P1Line[])[];
}

/** Sorts the objects by what they tell of. */
export function sortLines(lines: readonly P1Line[]): SortedLines {
  const device: P1Line[] = [];
  const registers: P1Line[] = [];
  const channels: P1Line[][] = [[], [], [], [], []];
  for (const line of lines) {
    const { reference } = line;
    if (reference.charCodeAt(0) === ZERO && reference.charCodeAt(1) === DASH && reference[3] === ':') {
      const channel = reference.charCodeAt(2) - ZERO;
      (channel === 0 ? device : channels[channel])?.push(line);
    } else if (reference.endsWith('.8', reference.length - 2)) {
      if (REGISTER.test(reference)) registers.push(line);
    } else if (reference.startsWith('96.1.', 4) || reference === '1-3:0.2.8') device.push(line);
  }
  return { device, registers, channels };
}

/** Whether a register of the main meter is told twice. */
export function hasTwice(lines: readonly P1Line[]): boolean {
  const seen = new Set<string>();
  for (const { reference } of lines) {
    if (seen.has(reference)) return true;
    seen.add(reference);
  }
  return false;
}
