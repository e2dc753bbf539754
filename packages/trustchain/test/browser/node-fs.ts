import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Golden vectors, and official ones and meter fixtures when they are there: in base64 by their path, which begins with `vectors/` or `fixtures/`. */
    readonly vectorFiles: Readonly<Record<string, string>>;
  }
}

const files = inject('vectorFiles');

/** In a browser, what tests use of `node:fs`: reading the files that the configuration hands over. */
export const existsSync = (path: string): boolean => path in files || readdirSync(path).length > 0;

export function readdirSync(path: string): string[] {
  const inside = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
  return [...new Set(inside.map((file) => file.slice(path.length + 1).split('/')[0] ?? ''))];
}

export function readFileSync(path: string | URL, encoding?: 'utf8'): Uint8Array | string {
  const file = files[typeof path === 'string' ? path : path.pathname.replace(/^.*\/(?=vectors\/)/, '')];
  if (file === undefined) throw new Error(`no file ${path}`);
  const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
  return encoding === undefined ? bytes : new TextDecoder().decode(bytes);
}
