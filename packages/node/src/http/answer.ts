import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { brotliCompressSync, constants, createGzip, gzipSync } from 'node:zlib';

/** An answer that can be given again. */
export interface StoredAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Name to save it under, for a download. */
  readonly filename?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Below this a compressed answer saves less than it costs, bytes. */
const LEAST = 1_024;
/** Above this an answer is not compressed at once, for it would hold up the others, bytes. */
const MOST = 4 << 20;
const COMPRESSIBLE =
  /^(?:text\/|application\/(?:json|javascript|xml|x-ndjson|senml\+json|manifest\+json)|image\/svg)/;

/** JSON as an answer. */
export function jsonAnswer(status: number, value: unknown): StoredAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

/**
 * Gives `answer` to `request`: with an ETag, as 304 when the caller has it already (RFC 9110 §13), compressed with
 * Brotli or gzip as the caller takes it (§12.5.3).
 */
export function responseTo(request: Request, answer: StoredAnswer): Response {
  const headers = new Headers({ 'Content-Type': answer.contentType, ...answer.headers });
  if (answer.status === 401) headers.set('WWW-Authenticate', 'Bearer');
  if (answer.filename !== undefined)
    headers.set('Content-Disposition', `attachment; filename="${answer.filename}"`);
  const { status, body } = answer;
  const isCompressible = COMPRESSIBLE.test(answer.contentType);
  if (isCompressible) headers.append('Vary', 'Accept-Encoding');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (isRead && status === 200 && (typeof body === 'string' || body instanceof Uint8Array)) {
    const tag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    headers.set('ETag', tag);
    if (matches(request.headers.get('if-none-match'), tag)) {
      headers.delete('Content-Type');
      headers.delete('Content-Disposition');
      return new Response(null, { status: 304, headers });
    }
  }
  const encoding = isCompressible ? encodingFor(request.headers.get('accept-encoding')) : undefined;
  if (encoding === undefined) return new Response(bodyOf(body), { status, headers });
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    if (bytes.length < LEAST || bytes.length > MOST) return new Response(bodyOf(body), { status, headers });
    headers.set('Content-Encoding', encoding);
    return new Response(new Uint8Array(compressed(bytes, encoding)), { status, headers });
  }
  headers.set('Content-Encoding', 'gzip');
  return new Response(gzipped(body), { status, headers });
}

function matches(header: string | null, tag: string): boolean {
  if (header === null) return false;
  const weak = (text: string): string => text.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((each) => weak(each) === weak(tag));
}

/** Brotli where it is taken, else gzip; undefined when neither is, or plain bytes are liked better. */
export function encodingFor(header: string | null): 'br' | 'gzip' | undefined {
  if (header === null) return undefined;
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',').slice(0, 32)) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const q = parameters.find((text) => text.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (name !== '') weights.set(name, Number.isFinite(weight) ? weight : 0);
  }
  const of = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0;
  const plain = weights.get('identity') ?? 0;
  if (of('br') > 0 && of('br') >= of('gzip') && of('br') >= plain) return 'br';
  return of('gzip') > 0 && of('gzip') >= plain ? 'gzip' : undefined;
}

function compressed(bytes: Uint8Array, encoding: 'br' | 'gzip'): Uint8Array {
  if (encoding === 'gzip') return gzipSync(bytes, { level: 6 });
  return brotliCompressSync(bytes, {
    params: {
      // Quality 4 takes about as long as gzip's 6 and is smaller.
      [constants.BROTLI_PARAM_QUALITY]: 4,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

function gzipped(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const gzip = createGzip({ level: 6 });
  const source = Readable.from(pieces);
  source.on('error', (error) => gzip.destroy(error));
  gzip.on('close', () => source.destroy());
  return Readable.toWeb(source.pipe(gzip)) as ReadableStream<Uint8Array>;
}

/** Pieces are made as fast as the caller takes them; when one fails the connection breaks, so that half a file is none. */
function bodyOf(body: StoredAnswer['body']): string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? body.slice() : streamOf(body);
}

function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
