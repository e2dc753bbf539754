import ts from 'typescript';

/** An `@example` in a doc comment. */
export interface Example {
  /** What it shows: `price`. */
  readonly name: string;
  /** Path of the file, and the line of the declaration. */
  readonly path: string;
  readonly line: number;
  /** TypeScript. */
  readonly code: string;
  /** What its `console.log(…); // …` lines say that they print, in order. */
  readonly prints: readonly string[];
}

const fence = /^```ts\n([\s\S]*?)\n```$/;
const printed = /^\s*console\.log\(.*\);\s*\/\/ (.*)$/;

/**
 * The examples of a source file's exported declarations. Throws when one is not a single `ts` block, or prints without
 * saying what.
 */
export function examplesOf(path: string, text: string): Example[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const examples: Example[] = [];
  for (const statement of file.statements) {
    for (const tag of ts.getJSDocTags(statement)) {
      if (tag.tagName.text !== 'example') continue;
      const line = file.getLineAndCharacterOfPosition(statement.getStart(file)).line + 1;
      const code = fence.exec(ts.getTextOfJSDocComment(tag.comment)?.trim() ?? '')?.[1];
      if (code === undefined) throw new Error(`${path}:${line}: an @example is one block of ts`);
      const prints: string[] = [];
      for (const row of code.split('\n')) {
        if (!row.includes('console.log(')) continue;
        const said = printed.exec(row)?.[1];
        if (said === undefined)
          throw new Error(`${path}:${line}: say behind console.log(…); what it prints: ${row}`);
        prints.push(said);
      }
      examples.push({ name: nameOf(statement), path, line, code, prints });
    }
  }
  return examples;
}

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations[0]?.name.getText() ?? '';
  return 'name' in statement && statement.name !== undefined ? (statement.name as ts.Identifier).text : '';
}
