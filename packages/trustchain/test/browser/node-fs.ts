import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Files of the `shared` folder by their path in it, in base64; empty when there is no such folder. */
    readonly sharedFiles: Readonly<Record<string, string>>;
  }
}

const files = inject('sharedFiles');

/** In a browser, what tests use of `node:fs`: reading the files that the configuration hands over. */
export const existsSync = (path: string): boolean => path in files || readdirSync(path).length > 0;

export function readdirSync(path: string): string[] {
  const inside = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
  return [...new Set(inside.map((file) => file.slice(path.length + 1).split('/')[0] ?? ''))];
}

export function readFileSync(path: string, encoding?: 'utf8'): Uint8Array | string {
  const file = files[path];
  if (file === undefined) throw new Error(`no file ${path}`);
  const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
  return encoding === undefined ? bytes : new TextDecoder().decode(bytes);
}
