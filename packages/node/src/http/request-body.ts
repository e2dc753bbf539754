import { type Environment, isEdmpError, withDeadline } from '@edmp/interface';
import type { Context } from 'hono';
import { bodyBytes, bodyText } from './body-text.ts';
import { HttpError } from './failure.ts';

/** How long a body may take to arrive, ms. Everything comes from this machine or through a tunnel to it. */
export const BODY_MS = 20_000;
/** The same for a file, ms: 64 MiB at some 4 Mbit/s. */
export const FILE_MS = 120_000;

/** How much of a body is read, and for how long. */
export interface BodyLimits {
  readonly environment: Environment;
  readonly maxBytes: number;
  /** Longest time until it is there, ms. */
  readonly maxMs: number;
}

/**
 * The body of an operation that takes a file. A form of another site cannot send this type without asking first. Throws
 * `ERR_HTTP_MEDIA_TYPE` (415), `ERR_HTTP_BODY_SIZE` (413), `ERR_HTTP_BODY_TIME` (408).
 */
export async function uploadedFile(context: Context, limits: BodyLimits): Promise<Uint8Array> {
  if (mediaType(context) !== 'application/octet-stream') {
    throw new HttpError(
      415,
      'ERR_HTTP_MEDIA_TYPE',
      "Expected a file as the body, with 'Content-Type: application/octet-stream'",
    );
  }
  return arrived(limits, () => bodyBytes(context.req.raw, limits.maxBytes));
}

/** The text of a JSON body. Throws as {@link uploadedFile}. */
export async function jsonText(context: Context, limits: BodyLimits): Promise<string> {
  // Also keeps out "simple" cross-site form posts, which need no preflight.
  if (mediaType(context) !== 'application/json') {
    throw new HttpError(415, 'ERR_HTTP_MEDIA_TYPE', "Expected a body with 'Content-Type: application/json'");
  }
  return arrived(limits, () => bodyText(context.req.raw, limits.maxBytes));
}

/** Waits for a body as long as `limits` say. Throws `ERR_HTTP_BODY_TIME` (408). */
export async function arrived<T>(
  { environment, maxMs }: Pick<BodyLimits, 'environment' | 'maxMs'>,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await withDeadline(environment, maxMs, 'The body', read);
  } catch (error) {
    if (!isEdmpError(error, 'ERR_TIMEOUT')) throw error;
    throw new HttpError(
      408,
      'ERR_HTTP_BODY_TIME',
      `The body did not arrive within ${maxMs / 1000} s; send it again, faster`,
      { cause: error },
    );
  }
}

function mediaType(context: Context): string | undefined {
  return (context.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
}
