import { concatBytes, isEdmpError } from '@edmp/interface';
import { ContentError } from '../errors.ts';

/**
 * Body of a response, at most `maxBytes`; the rest of the stream is abandoned, also when the consumer stops early.
 * Throws `ERR_CONTENT_TOO_LARGE`, and `ERR_CONTENT_UNREACHABLE` (retryable) when the server breaks off. A signal's
 * own `EdmpError`, such as that of a deadline, is passed on as it is.
 */
export async function* limitedBody(
  response: Response,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  const server = URL.canParse(response.url) ? new URL(response.url).origin : 'the server';
  const refuse = (size: number): ContentError =>
    new ContentError(
      'ERR_CONTENT_TOO_LARGE',
      `Expected at most ${maxBytes} bytes from ${server}, got ${size} or more`,
    );
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let total = 0;
  const broken = (cause: unknown): never => {
    if (isEdmpError(cause)) throw cause;
    throw new ContentError(
      'ERR_CONTENT_UNREACHABLE',
      `Expected the whole answer of ${server}, it broke off after ${total} bytes`,
      { cause, retryable: true },
    );
  };
  const read = () => reader.read().catch(broken);
  try {
    if (announced > maxBytes) throw refuse(announced);
    for (let next = await read(); !next.done; next = await read()) {
      const chunk: Uint8Array = next.value;
      total += chunk.length;
      if (total > maxBytes) throw refuse(total);
      yield chunk;
    }
  } finally {
    // Ends the transfer when the consumer stopped early; a finished or failed one ignores it.
    await reader.cancel().catch(() => undefined);
  }
}

/** One array of a stream. */
export async function joinBytes(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concatBytes(...parts);
}
