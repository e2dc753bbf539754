/**
 * Imports each entry named on the command line and prints one JSON line for each: how many names it exports, or the
 * code of what it threw, and which names it added to the global object. Nothing ends the process afterwards: an entry that leaves something open keeps it alive.
 */
const patienceMs = 15_000;

for (const entry of process.argv.slice(2)) {
  const before = new Set(Reflect.ownKeys(globalThis));
  let timer: NodeJS.Timeout | undefined;
  const hanging = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs);
  });
  try {
    const loaded: object | undefined = await Promise.race([import(entry), hanging]);
    const outcome = loaded === undefined ? { hangs: true } : { exports: Object.keys(loaded).length };
    const globals = Reflect.ownKeys(globalThis).filter((key) => !before.has(key));
    console.log(
      JSON.stringify({
        entry,
        ...outcome,
        ...(globals.length === 0 ? {} : { globals: globals.map(String) }),
      }),
    );
  } catch (error) {
    const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
    console.log(JSON.stringify({ entry, code: String(code ?? name), message: String(message ?? error) }));
  }
  clearTimeout(timer);
}
console.log(JSON.stringify({ done: true }));
