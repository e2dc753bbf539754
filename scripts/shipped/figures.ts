import type { Complaint } from './report.ts';

/** What a package costs its user. */
export interface Figures {
  /** Bytes of the tarball. */
  readonly packed: number;
  /** Bytes of the files in it. */
  readonly unpacked: number;
  /** Packages that `npm install` of it alone puts into an empty folder, itself included. */
  readonly packages: number;
}

const begin = '<!-- shipped:begin -->';
const end = '<!-- shipped:end -->';
/** How far the figures of a README may be from those measured. */
const TOLERANCE = 0.2;

/** The sentence that stands between the markers of a README. */
export function figuresText({ packed, unpacked, packages }: Figures): string {
  const count = packages === 1 ? '1 package' : `${packages} packages`;
  return `Installed alone: ${count}; this one is ${kilobytes(packed)} kB to download and ${kilobytes(unpacked)} kB unpacked.`;
}

const kilobytes = (bytes: number): string => String(Math.max(1, Math.round(bytes / 1000)));

/** A README with the figures between its markers, or in a section of their own at its end when it has none. */
export function withFigures(readme: string, figures: Figures): string {
  const found = between(readme);
  if (found === undefined)
    return `${readme.trimEnd()}\n\n## Size\n\n${begin}\n${figuresText(figures)}\n${end}\n`;
  return `${readme.slice(0, found.from)}\n${figuresText(figures)}\n${readme.slice(found.to)}`;
}

/** What is wrong with the figures that a README prints, beside those measured; undefined when they are near enough. */
export function judgeFigures(readme: string, measured: Figures): Complaint {
  const found = between(readme);
  if (found === undefined) return `no ${begin} … ${end}`;
  const numbers = [...readme.slice(found.from, found.to).matchAll(/\d+/g)].map(([text]) => Number(text));
  const [packages, packed, unpacked] = numbers;
  if (packages === undefined || packed === undefined || unpacked === undefined || numbers.length !== 3) {
    return 'expected the number of packages and two sizes between the markers: run it with --write';
  }
  const rows: readonly (readonly [string, number, number])[] = [
    ['packages', packages, measured.packages],
    ['kB to download', packed, measured.packed / 1000],
    ['kB unpacked', unpacked, measured.unpacked / 1000],
  ];
  const off = rows.filter(([, printed, real]) => Math.abs(printed - real) > Math.max(TOLERANCE * real, 1));
  if (off.length === 0) return undefined;
  const differences = off.map(([what, printed, real]) => `${printed} ${what}, measured ${Math.round(real)}`);
  return `${differences.join('; ')}: run it with --write`;
}

function between(readme: string): { readonly from: number; readonly to: number } | undefined {
  const at = readme.indexOf(begin);
  const to = readme.indexOf(end);
  return at < 0 || to < at ? undefined : { from: at + begin.length, to };
}
