import ts from 'typescript';

/** What the checks need to know of one source file. */
export interface ModuleFacts {
  readonly lines: number;
  /** Every module it names: static, type-only and dynamic imports, re-exports, `import('x')` types. */
  readonly imports: readonly { readonly specifier: string; readonly line: number }[];
  /** Uses of the ambient clock, timers and random sources. */
  readonly ambient: readonly AmbientUse[];
}

/** One use of what is not the same in every run. */
export interface AmbientUse {
  readonly text: string;
  readonly line: number;
  readonly kind: AmbientKind;
}

/** What an {@link AmbientUse} asks the platform for: what time it is, to be called later, or chance. */
export type AmbientKind = 'clock' | 'timer' | 'chance';

const ambientFunctions = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);
const ambientMembers: ReadonlyMap<string, AmbientKind> = new Map([
  ['Date.now', 'clock'],
  ['Temporal.Now', 'clock'],
  ['performance.now', 'clock'],
  ['performance.timeOrigin', 'clock'],
  ['process.hrtime', 'clock'],
  ['AbortSignal.timeout', 'timer'],
  ['Math.random', 'chance'],
  ['crypto.getRandomValues', 'chance'],
  ['crypto.randomUUID', 'chance'],
]);
/** Names of Node's modules that are the same thing by import. */
const ambientModules: ReadonlyMap<string, AmbientKind> = new Map([
  ['node:timers', 'timer'],
  ['node:timers/promises', 'timer'],
  ['node:perf_hooks', 'clock'],
]);

/** Parses a file and gathers its facts. Comments and strings never count. */
export function readModule(path: string, text: string): ModuleFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: { specifier: string; line: number }[] = [];
  const ambient: AmbientUse[] = [];
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  const addImport = (literal: ts.Node | undefined): void => {
    if (literal === undefined || !ts.isStringLiteralLike(literal)) return;
    imports.push({ specifier: literal.text, line: lineOf(literal) });
    const kind = ambientModules.get(literal.text);
    if (kind !== undefined) ambient.push({ text: literal.text, line: lineOf(literal), kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) addImport(node.moduleSpecifier);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) addImport(node.argument.literal);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      addImport(node.arguments[0]);
    const use = ambientUse(node);
    if (use !== undefined) ambient.push({ ...use, line: lineOf(node) });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0), imports, ambient };
}

/** `Date.now`, `globalThis.crypto.randomUUID`, `new Date()`, `Date()`, a call or mention of `setTimeout` … */
function ambientUse(node: ts.Node): Omit<AmbientUse, 'line'> | undefined {
  if (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && (node.arguments?.length ?? 0) === 0) {
    return { text: 'new Date()', kind: 'clock' };
  }
  // Called without `new` it is the text of this moment, whatever its arguments.
  if (ts.isCallExpression(node) && isNamed(node.expression, 'Date')) return { text: 'Date()', kind: 'clock' };
  if (ts.isPropertyAccessExpression(node)) {
    const name = memberName(node);
    const kind = ambientMembers.get(name);
    if (kind !== undefined) return { text: name, kind };
    if (
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'globalThis' &&
      ambientFunctions.has(name)
    )
      return { text: name, kind: 'timer' };
    return undefined;
  }
  if (!ts.isIdentifier(node) || !ambientFunctions.has(node.text)) return undefined;
  const { parent } = node;
  // A member that happens to have the name is not the global.
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return undefined;
  if (ts.isTypeQueryNode(parent)) return undefined;
  if ('name' in parent && parent.name === node && !ts.isShorthandPropertyAssignment(parent)) return undefined;
  return { text: node.text, kind: 'timer' };
}

/** `a.b` of `a.b`, `globalThis.a.b` and `window.a.b`; `a` of `globalThis.a`. */
function memberName(node: ts.PropertyAccessExpression): string {
  const path = node.getText().replace(/\s|\?/g, '');
  return path.replace(/^(?:globalThis|window|self)\./, '');
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}
