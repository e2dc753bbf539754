import { HttpError } from './failure.ts';

/**
 * Text of a request's body, reading no more than `maxBytes`. Throws `ERR_HTTP_BODY_SIZE` (413) for a larger body and
 * `ERR_HTTP_INPUT` (400) when it is not UTF-8.
 */
export async function bodyText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    bytes += value?.length ?? 0;
    if (bytes > maxBytes) {
      await reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    }
    try {
      text += decoder.decode(value, { stream: !done });
    } catch (cause) {
      throw new HttpError(400, 'ERR_HTTP_INPUT', 'The body is not well-formed UTF-8', { cause });
    }
    if (done) return text;
  }
}

/** Bytes of a request's body, reading no more than `maxBytes`. Throws `ERR_HTTP_BODY_SIZE` (413) for a larger body. */
export async function bodyBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(Buffer.concat(parts));
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    }
    parts.push(value);
  }
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, 'ERR_HTTP_BODY_SIZE', `The request body is larger than ${maxBytes} bytes`);
}
