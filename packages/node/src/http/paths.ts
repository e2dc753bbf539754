/** A path of the API and what may be done at it. */
export interface KnownPath {
  /** With `{name}` for parameters. */
  readonly path: string;
  /** Upper case; `HEAD` goes with `GET`. */
  readonly methods: readonly string[];
}

/** Finds the path of the API that a request's path is one of; literal ones go before those with parameters. */
export function pathTable(
  rows: readonly { readonly method: string; readonly path: string }[],
): (path: string) => KnownPath | undefined {
  const methods = new Map<string, Set<string>>();
  for (const { method, path } of rows) {
    const known = methods.get(path) ?? new Set();
    known.add(method.toUpperCase());
    if (method.toUpperCase() === 'GET') known.add('HEAD');
    methods.set(path, known);
  }
  const table = [...methods].map(([path, known]) => ({
    path,
    methods: [...known].sort(),
    form: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));
  const literal = new Map(table.filter(({ path }) => !path.includes('{')).map((row) => [row.path, row]));
  const patterns = table.filter(({ path }) => path.includes('{'));
  return (path) => literal.get(path) ?? patterns.find(({ form }) => form.test(path));
}

/** Whether one of `types` is acceptable by an `Accept` header (RFC 9110 §12.5.1); without a header all are. */
export function isAcceptable(accept: string | undefined, types: readonly string[]): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const ranges = accept
    .toLowerCase()
    .split(',')
    .slice(0, 64)
    .map((part) => {
      const [range = '', ...parameters] = part.split(';').map((text) => text.trim());
      const weight = parameters.find((text) => text.startsWith('q='));
      return { range, isRefused: weight !== undefined && Number(weight.slice(2)) === 0 };
    });
  return types.some((type) => {
    const [family = ''] = type.split('/');
    // The most specific range decides.
    const range = [type, `${family}/*`, '*/*']
      .map((wanted) => ranges.find((each) => each.range === wanted))
      .find((each) => each !== undefined);
    return range !== undefined && !range.isRefused;
  });
}
