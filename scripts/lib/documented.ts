import ts from 'typescript';
import type { ApiEntry } from './public-api.ts';

/** Something that the documentation of a public function does not say. */
export interface Undocumented {
  readonly entry: string;
  /** `createMarket`. */
  readonly name: string;
  /** `parameter limit`, `ERR_CHAIN_INPUT`. */
  readonly what: string;
}

/**
 * What the comments of public functions leave out: parameters that are neither described by `@param`, nor named in the
 * text in code marks, nor of a type of ours that is documented itself; and the codes of errors that the function's own
 * body throws. Each function once, however many entries have it.
 */
export function undocumented(entries: readonly ApiEntry[], options: ts.CompilerOptions): Undocumented[] {
  const program = ts.createProgram(
    entries.map(({ path }) => path),
    { ...options, noEmit: true },
  );
  const checker = program.getTypeChecker();
  const found: Undocumented[] = [];
  const seen = new Set<ts.Symbol>();
  for (const { entry, path } of entries) {
    const file = program.getSourceFile(path);
    const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${path} is no module`);
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (seen.has(symbol)) continue;
      seen.add(symbol);
      for (const what of missingIn(checker, symbol)) found.push({ entry, name: exported.name, what });
    }
  }
  return found;
}

function missingIn(checker: ts.TypeChecker, symbol: ts.Symbol): string[] {
  const declaration = symbol.valueDeclaration;
  const callable = declaration === undefined ? undefined : functionOf(declaration);
  if (declaration === undefined || callable === undefined) return [];
  const comment = commentOf(symbol, checker);
  const parameters = callable.parameters
    .filter((parameter) => !describes(comment, parameter) && !isDocumentedType(checker, parameter))
    .map((parameter) => `parameter ${nameOf(parameter)}`);
  const codes = [...thrownBy(callable)].filter((code) => !comment.includes(code));
  return [...parameters, ...codes];
}

/** A function that is declared, or the value or type of a constant. */
function functionOf(node: ts.Declaration): ts.SignatureDeclaration | undefined {
  if (ts.isFunctionDeclaration(node)) return node;
  if (!ts.isVariableDeclaration(node)) return undefined;
  // The names in its type are the ones that its user sees.
  if (node.type !== undefined) return ts.isFunctionTypeNode(node.type) ? node.type : undefined;
  const value = node.initializer;
  return value !== undefined && (ts.isArrowFunction(value) || ts.isFunctionExpression(value))
    ? value
    : undefined;
}

/** Text and tags of a comment. */
function commentOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const tags = symbol
    .getJsDocTags(checker)
    .map(({ name, text: parts }) => `@${name} ${ts.displayPartsToString(parts)}`);
  return [text, ...tags].join('\n');
}

/** A parameter that is taken apart is named by what it is made of. */
const namesOf = ({ name }: ts.ParameterDeclaration): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) =>
        ts.isBindingElement(element) && ts.isIdentifier(element.name)
          ? [(element.propertyName ?? element.name).getText()]
          : [],
      );

const nameOf = (parameter: ts.ParameterDeclaration): string => {
  const names = namesOf(parameter);
  return ts.isIdentifier(parameter.name) ? (names[0] ?? '') : `{ ${names.join(', ')} }`;
};

/** Whether a comment names what a parameter is, in a tag or in code marks. */
function describes(comment: string, parameter: ts.ParameterDeclaration): boolean {
  return namesOf(parameter).every((name) =>
    new RegExp(`@param ${name}\\b[ -]+\\S|\`${name}\\b[^\`]*\``).test(comment),
  );
}

/** Whether the type of a parameter says it all: one of ours with a comment on itself, and on every member if it has own ones. */
function isDocumentedType(checker: ts.TypeChecker, parameter: ts.ParameterDeclaration): boolean {
  const type = checker.getNonNullableType(checker.getTypeAtLocation(parameter));
  const parts = type.isUnion() ? type.types : [type];
  if (type.aliasSymbol !== undefined) return isDocumented(checker, type.aliasSymbol);
  return parts.every((part) => {
    const symbol = part.aliasSymbol ?? part.symbol;
    if (symbol === undefined) return false;
    const declared = symbol.declarations?.[0];
    if (declared === undefined || /node_modules/.test(declared.getSourceFile().fileName))
      return symbol.name === 'AbortSignal';
    return isDocumented(checker, symbol);
  });
}

function isDocumented(checker: ts.TypeChecker, symbol: ts.Symbol): boolean {
  return symbol.getDocumentationComment(checker).length > 0;
}

/** Codes that a function's own body throws, functions inside of it left out. */
function thrownBy(callable: ts.SignatureDeclaration): Set<string> {
  const codes = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isThrowStatement(node) && node.expression !== undefined && ts.isNewExpression(node.expression)) {
      const [code] = node.expression.arguments ?? [];
      const name = node.expression.expression.getText();
      if (code !== undefined && ts.isStringLiteralLike(code) && code.text.startsWith('ERR_'))
        codes.add(code.text);
      else if (name === 'InvalidArgumentError') codes.add('ERR_INVALID_ARGUMENT');
    }
    ts.forEachChild(node, visit);
  };
  if ('body' in callable && callable.body !== undefined) ts.forEachChild(callable.body as ts.Node, visit);
  return codes;
}
