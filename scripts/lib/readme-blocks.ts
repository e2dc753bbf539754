import { readFileSync } from 'node:fs';

/** A fenced block of code in a Markdown file. */
export interface ReadmeBlock {
  /** Language named behind the fence; empty when none is. */
  readonly lang: string;
  readonly code: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** Why it is not to be run: the text of a comment `<!-- skip: … -->` on the line before the fence. */
  readonly skip?: string;
}

/** The fenced blocks of a Markdown file, in order. Throws when the last one is not closed. */
export function readmeBlocks(file: string): ReadmeBlock[] {
  return blocksOf(readFileSync(file, 'utf8'), file);
}

/** The same of a text; `name` is for the error. */
export function blocksOf(text: string, name: string): ReadmeBlock[] {
  const lines = text.split('\n');
  const blocks: ReadmeBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, fence, lang = ''] = /^(`{3,})\s*(\w*)/.exec(lines[at] ?? '') ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.startsWith(fence));
    if (end < 0) throw new Error(`${name}:${at + 1}: a block of code that is not closed`);
    const [, skip] = /^<!--\s*skip:\s*(.*?)\s*-->$/.exec((lines[at - 1] ?? '').trim()) ?? [];
    blocks.push({
      lang,
      code: `${lines.slice(at + 1, end).join('\n')}\n`,
      line: at + 1,
      ...(skip === undefined ? {} : { skip }),
    });
    at = end;
  }
  return blocks;
}
