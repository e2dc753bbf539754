/** All of a file that comes in pieces, as text. */
export async function textOf(pieces: Promise<AsyncIterable<Uint8Array>>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(await pieces)).toString('utf8');
}
