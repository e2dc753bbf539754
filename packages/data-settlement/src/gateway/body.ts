import { concatBytes } from '@edmp/interface';
import { ContentError } from '../errors.ts';

/** Body of a response, at most `maxBytes`; the rest of the stream is abandoned. */
export async function* limitedBody(response: Response, maxBytes: number): AsyncIterable<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  const refuse = (size: number): ContentError =>
    new ContentError(
      'ERR_CONTENT_TOO_LARGE',
      `Expected at most ${maxBytes} bytes from the server, got ${size} or more`,
    );
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    if (announced > maxBytes) throw refuse(announced);
    let total = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
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
