import { nodeCrypto } from '@edmp/interface/crypto/node';

/** Makes the provider of the runtime and uses it; prints one JSON line as `import-entries.ts` does. */
const entry = 'nodeCrypto()';
try {
  const crypto = nodeCrypto();
  const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)];
  const sealed = crypto.chacha20Poly1305Seal(key, nonce, Uint8Array.of(1, 2, 3), new Uint8Array(0));
  const opened = crypto.chacha20Poly1305Open(key, nonce, sealed, new Uint8Array(0));
  if (opened.join() !== '1,2,3') throw new Error(`opened ${opened.join()}`);
  console.log(JSON.stringify({ entry, exports: Object.keys(crypto).length }));
} catch (error) {
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  console.log(JSON.stringify({ entry, code: String(code ?? name), message: String(message ?? error) }));
}
