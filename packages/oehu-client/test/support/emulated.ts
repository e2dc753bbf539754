import { createHash } from 'node:crypto';
import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createOehuClient, type OehuClient, type OehuClientOptions } from '@edmp/oehu-client';
import { type OehuEmulator, type OehuEmulatorOptions, startOehuEmulator } from '@edmp/oehu-client/emulator';
import { onTestFinished } from 'vitest';

/** An emulator that stops with the test, and a client of it. */
export async function emulated(
  options: OehuEmulatorOptions = {},
  client: Partial<OehuClientOptions> = {},
): Promise<{ readonly emulator: OehuEmulator; readonly client: OehuClient }> {
  const emulator = await startOehuEmulator({ households: 2, days: 1, readingEverySeconds: 300, ...options });
  onTestFinished(() => emulator.stop());
  return {
    emulator,
    client: createOehuClient({
      baseUrl: emulator.url,
      ledgerUrl: emulator.url,
      crypto: nodeCrypto(),
      environment: systemEnvironment(),
      // A third of the time of these tests went into the portable one, which those of verification use.
      sha3: (data) => createHash('sha3-256').update(data).digest(),
      ...client,
    }),
  };
}
