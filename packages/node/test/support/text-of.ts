import { allOf } from '../../../../scripts/lib/all-of.ts';
/** All of a file that comes in pieces, as text. */
export async function textOf(pieces: Promise<AsyncIterable<Uint8Array>>): Promise<string> {
  return Buffer.concat(await allOf(await pieces)).toString('utf8');
}
