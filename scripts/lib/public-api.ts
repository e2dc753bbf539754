import ts from 'typescript';

/** A public entry to look at. */
export interface ApiEntry {
  /** `@edmp/market/ledger`. */
  readonly entry: string;
  /** Absolute path of its source. */
  readonly path: string;
}

/** Something public that a program calls: `createMarket`, `Market.sell`. */
export interface PublicCall {
  readonly name: string;
  readonly entry: string;
  /** Whether it gives a promise or an async iterable. */
  readonly waits: boolean;
  /** Whether one of its parameters takes a `signal`, in an options object or by itself. */
  readonly takesSignal: boolean;
}

/** A public type of things with a life. */
export interface PublicThing {
  readonly name: string;
  readonly entry: string;
  /** Names of all its members; well-known symbols as `[asyncDispose]`. */
  readonly members: ReadonlySet<string>;
}

/** What the published packages offer. */
export interface PublicApi {
  readonly calls: readonly PublicCall[];
  readonly things: readonly PublicThing[];
}

/** Reads the types behind the entries; each exported name once. `options` are the compiler's. */
export function readPublicApi(entries: readonly ApiEntry[], options: ts.CompilerOptions): PublicApi {
  const program = ts.createProgram(
    entries.map(({ path }) => path),
    { ...options, noEmit: true },
  );
  const checker = program.getTypeChecker();
  const calls: PublicCall[] = [];
  const things: PublicThing[] = [];
  const seen = new Set<ts.Symbol>();
  const callOf = (name: string, entry: string, type: ts.Type): void => {
    const signatures = type.getCallSignatures();
    if (signatures.length === 0) return;
    calls.push({
      name,
      entry,
      waits: signatures.some((each) => isAwaited(checker, each.getReturnType())),
      takesSignal: signatures.some((each) => each.parameters.some((one) => takesSignal(checker, one))),
    });
  };
  for (const { entry, path } of entries) {
    const file = program.getSourceFile(path);
    const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${path} is no module`);
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (seen.has(symbol)) continue;
      seen.add(symbol);
      if (symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class)) {
        const members = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
        things.push({ name: exported.name, entry, members: new Set(members.map(memberName)) });
        for (const member of members)
          callOf(`${exported.name}.${memberName(member)}`, entry, checker.getTypeOfSymbol(member));
      } else if (symbol.flags & ts.SymbolFlags.Function) {
        callOf(exported.name, entry, checker.getTypeOfSymbol(symbol));
      }
    }
  }
  return { calls, things };
}

/** `sell`; `[asyncDispose]` for what is named by a well-known symbol. */
function memberName({ name }: ts.Symbol): string {
  const known = /^__@(\w+?)(?:@\d+)?$/.exec(name)?.[1];
  return known === undefined ? name : `[${known}]`;
}

function isAwaited(checker: ts.TypeChecker, type: ts.Type): boolean {
  const parts = type.isUnion() ? type.types : [type];
  return parts.some((part) =>
    checker
      .getPropertiesOfType(part)
      .some((member) => member.name === 'then' || memberName(member) === '[asyncIterator]'),
  );
}

function takesSignal(checker: ts.TypeChecker, parameter: ts.Symbol): boolean {
  const type = checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
  const parts = type.isUnion() ? type.types : [type];
  return parts.some(
    (part) => part.symbol?.name === 'AbortSignal' || part.getProperty('signal') !== undefined,
  );
}
