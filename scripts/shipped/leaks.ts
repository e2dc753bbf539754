import { homedir } from 'node:os';
import { root } from '../lib/workspace.ts';

/** A file of a tarball. */
export interface ShippedFile {
  /** Path inside of the package, `dist/index.js`. */
  readonly path: string;
  readonly text: string;
}

/** What stands on this machine and in no package: by what it is called, how it looks. */
export type Marks = Readonly<Record<string, string>>;

/** Where files of a package may be; npm adds the first four whatever `files` says. */
const PLACES: readonly RegExp[] = [
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^dist\/.+\.(?:js|d\.ts)$/,
  /^dist\/THIRD-PARTY\.txt$/,
  /^dist\/web\/[\w.-]+\.(?:html|js|css|svg|png|ico|woff2|webmanifest|json)$/,
  /^dist\/web\/assets\/[\w.-]+\.(?:js|css|svg|png|woff2)$/,
  /^bin\/[\w-]+\.cjs$/,
];
/** Files that tests are made of, wherever they are. */
const TEST_FILE = /(?:^|\/)(?:tests?|__tests__|fixtures|coverage)\/|\.(?:test|spec|bench)\.[^/]+$/;

/** What no file may say; whatever the rule finds is shown, but for secrets. */
const TEXTS: readonly (readonly [what: string, pattern: RegExp, secret?: true])[] = [
  [
    'a folder of somebody’s machine',
    /(?<![\w.:/-])(?:\/(?:home|Users|root)|[A-Z]:\\+Users)[/\\]+[\w.@-]+[/\\][\w.@/\\-]*/,
  ],
  ['a path of this repository’s tools', /(?:\.\.\/)+node_modules\/|node_modules\/\.pnpm\//],
  ['a path to a source', /(?:from|import\()\s*['"][^'"]*(?:\/src\/|\.tsx?['"])/],
  ['a reference to a map', /[#@] ?sourceMappingURL=/],
  ['a condition of this repository', /"edmp-source"/],
  ['a range that only this repository understands', /"(?:workspace|link|file|portal|catalog):/],
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY/, true],
  [
    'an access token',
    /\b(?:npm_[A-Za-z0-9]{36}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{40,}|glpat-[\w-]{20}|AKIA[0-9A-Z]{16}|xox[abp]-[\w-]{10,})\b/,
    true,
  ],
  ['a registry’s login', /(?<!\w)_auth(?:Token)?=\S+|https?:\/\/[^\s/'"`:@]+:[^\s/'"`@]+@/, true],
];

/** What is in a package and should not be: places of files, what they tell of the machine, sources, tests, secrets. */
export function leaksOf(files: readonly ShippedFile[], marks: Marks = {}): string[] {
  const found: string[] = [];
  for (const { path, text } of files) {
    if (TEST_FILE.test(path)) found.push(`${path}: a file of tests`);
    else if (!PLACES.some((place) => place.test(path)))
      found.push(`${path}: no file that a package should have`);
    for (const [what, pattern, secret] of TEXTS) {
      const match = pattern.exec(text);
      if (match !== null)
        found.push(`${path}: ${what}${secret === true ? '' : `, ${match[0].slice(0, 100)}`}`);
    }
    for (const [what, mark] of Object.entries(marks)) if (holds(text, mark)) found.push(`${path}: ${what}`);
  }
  return found;
}

/** Whether a text has a mark that is not the end of a longer name: `/root/`, and not `settlement/root/`. */
function holds(text: string, mark: string): boolean {
  if (mark.length < 4) return false;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
    if (!/[\w}]/.test(text.charAt(at - 1))) return true;
  }
  return false;
}

/** What tells of this machine: its folders, its registry, and the secrets in its environment. */
export function machineMarks(registry: string, env: NodeJS.ProcessEnv = process.env): Marks {
  const marks: Record<string, string> = {
    'the folder of this clone': root,
    'the home folder of this machine': `${homedir()}/`,
  };
  if (URL.canParse(registry) && !/(?:^|\.)(?:npmjs\.org|yarnpkg\.com)$/.test(new URL(registry).hostname))
    marks['this machine’s registry'] = new URL(registry).host;
  for (const [name, value = ''] of Object.entries(env)) {
    if (/token|secret|passw|credential|api_?key/i.test(name) && value.length >= 12)
      marks[`the value of ${name}`] = value;
  }
  return marks;
}
