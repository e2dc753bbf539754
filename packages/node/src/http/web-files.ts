import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { Hono } from 'hono';
import { responseTo } from './answer.ts';
import type { Gate } from './security.ts';

/** One file of the GUI. */
export interface WebFile {
  readonly body: Uint8Array;
  /** Media type. */
  readonly type: string;
}

/** Where the GUI's files come from. */
export interface WebFiles {
  /** The file at a path such as `index.html` or `assets/main.js`; undefined when there is none. */
  read(path: string): Promise<WebFile | undefined>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the files below `directory`; nothing outside it, nothing hidden, nothing of an unknown type. */
export function webDirectory(directory: string): WebFiles {
  const root = normalize(directory + sep);
  return {
    async read(path) {
      const type = TYPES[extname(path)];
      const file = normalize(join(root, path));
      if (type === undefined || !file.startsWith(root) || /(?:^|[\\/])\./.test(path) || path.includes('\0')) {
        return undefined;
      }
      try {
        if (!(await stat(file)).isFile()) return undefined;
        return { body: await readFile(file), type };
      } catch {
        return undefined;
      }
    },
  };
}

/** Adds the GUI: `/?token=…` admits the browser and drops the token from the address. */
export function addWeb(app: Hono, web: WebFiles, gate: Gate): void {
  app.get('/', async (context, next) => {
    const token = context.req.query('token');
    if (token === undefined) return next();
    if (!gate.matches(token)) {
      return context.text(
        'This link is not valid for this node. Open the link that the node printed when it started.\n',
        401,
      );
    }
    gate.admit(context);
    return context.redirect('/', 303);
  });
  app.get('*', async (context, next) => {
    const path = context.req.path === '/' ? 'index.html' : context.req.path.slice(1);
    const file = await web.read(path);
    if (file === undefined) return next();
    return responseTo(context.req.raw, {
      status: 200,
      contentType: file.type,
      body: file.body,
      headers: {
        'Content-Security-Policy': POLICY,
        'Cache-Control': path.startsWith('assets/') ? 'private, max-age=31536000, immutable' : 'no-cache',
      },
    });
  });
}
