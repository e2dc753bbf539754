import { createHash, timingSafeEqual } from 'node:crypto';
import { InvalidArgumentError } from '@edmp/interface';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { HttpError } from './failure.ts';

/** Shortest token accepted, characters. */
export const MIN_TOKEN_LENGTH = 16;

/** Names by which a loopback server is called. */
export const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** Headers of every answer: nothing may be sniffed, framed, embedded elsewhere or told to other sites. */
export function safeHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const { headers } = context.res;
    headers.set('X-Content-Type-Options', 'nosniff');
    headers.set('X-Frame-Options', 'DENY');
    headers.set('Referrer-Policy', 'no-referrer');
    headers.set('Cross-Origin-Resource-Policy', 'same-origin');
    headers.set('Cross-Origin-Opener-Policy', 'same-origin');
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
  };
}

/**
 * Refuses what a page of another site makes a browser send: a foreign `Host` (DNS rebinding), a foreign `Origin`, or
 * fetch metadata that says so. An entry of `allowedHosts` without a port allows every port.
 */
export function sameSite(allowedHosts: readonly string[]): MiddlewareHandler {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return async (context, next) => {
    const host = (context.req.header('host') ?? new URL(context.req.url).host).toLowerCase();
    if (!allowed.has(host) && !allowed.has(host.replace(/:\d+$/, ''))) {
      throw new HttpError(403, 'ERR_HTTP_HOST', `This node does not answer for the host ${shown(host)}`);
    }
    const origin = context.req.header('origin');
    if (origin !== undefined && origin.toLowerCase() !== `http://${host}`) {
      throw new HttpError(
        403,
        'ERR_HTTP_ORIGIN',
        `Pages of ${shown(origin)} may not call this node; use its own pages`,
      );
    }
    const site = context.req.header('sec-fetch-site');
    const navigates = context.req.header('sec-fetch-mode') === 'navigate' && context.req.method === 'GET';
    if ((site === 'cross-site' || site === 'same-site') && !navigates) {
      throw new HttpError(403, 'ERR_HTTP_ORIGIN', 'Another site may not call this node; use its own pages');
    }
    await next();
  };
}

/** Knows who holds the node's token. */
export interface Gate {
  /** Throws `ERR_HTTP_UNAUTHORIZED` (401) unless the request carries the token or the GUI's cookie. */
  require(context: Context): void;
  /** Whether `token` is the node's token. */
  matches(token: string): boolean;
  /** Gives the browser the GUI's cookie. */
  admit(context: Context): void;
}

/** Checks a token of at least {@link MIN_TOKEN_LENGTH} characters. Throws `ERR_INVALID_ARGUMENT` for a shorter one. */
export function tokenGate(token: string): Gate {
  if (token.length < MIN_TOKEN_LENGTH) {
    throw new InvalidArgumentError(
      `The node's token needs at least ${MIN_TOKEN_LENGTH} characters, got ${token.length}`,
    );
  }
  const expected = digest(token);
  // The cookie does not hold the token itself: browsers send cookies to every port of a host.
  const cookie = createHash('sha256').update(`edmp/cookie/v1${token}`).digest('hex');
  const expectedCookie = digest(cookie);
  return {
    matches: (candidate) => timingSafeEqual(digest(candidate), expected),
    require(context) {
      const [, bearer] = /^Bearer +(\S{1,512}) *$/i.exec(context.req.header('authorization') ?? '') ?? [];
      if (bearer !== undefined && timingSafeEqual(digest(bearer), expected)) return;
      const given = getCookie(context, cookieName(context));
      if (bearer === undefined && given !== undefined && timingSafeEqual(digest(given), expectedCookie))
        return;
      throw new HttpError(
        401,
        'ERR_HTTP_UNAUTHORIZED',
        bearer === undefined
          ? "This needs the node's token: send it as 'Authorization: Bearer …', or open the link that the node printed at its start"
          : "The token is not this node's; take the one from its data folder",
      );
    },
    admit(context) {
      setCookie(context, cookieName(context), cookie, { path: '/', httpOnly: true, sameSite: 'Strict' });
    },
  };
}

// Two nodes on one host share its cookies, so each port has its own name.
function cookieName(context: Context): string {
  const host = context.req.header('host') ?? new URL(context.req.url).host;
  return `edmp-${/:(\d{1,5})$/.exec(host)?.[1] ?? '80'}`;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
