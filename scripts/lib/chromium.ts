import { existsSync } from 'node:fs';

/** The Chromium to test with: `CHROMIUM_PATH`, or where Debian puts it; undefined when there is none. */
export function chromiumPath(): string | undefined {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH !== undefined && CHROMIUM_PATH !== '') {
    return existsSync(CHROMIUM_PATH) ? CHROMIUM_PATH : undefined;
  }
  return ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
}
