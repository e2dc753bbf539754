import { isEdmpError, type Network } from '@edmp/interface';
import type { NetworkTopology } from '@edmp/testing';

/** Pairs of indices to connect for a topology of `count` nodes. */
export function topologyPairs(
  count: number,
  topology: NetworkTopology,
): readonly (readonly [number, number])[] {
  const indices = Array.from({ length: count }, (_, i) => i);
  if (topology === 'none') return [];
  if (topology === 'line') return indices.slice(1).map((i) => [i - 1, i] as const);
  return indices.flatMap((i) => indices.slice(i + 1).map((j) => [i, j] as const));
}

/** Connects networks by dialling. */
export async function connectAll(networks: readonly Network[], topology: NetworkTopology): Promise<void> {
  for (const [i, j] of topologyPairs(networks.length, topology)) {
    const [address = ''] = networks[j]!.addresses();
    await networks[i]!.connect(address);
  }
}

/** All frames of an answer. */
export async function framesOf(answer: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of answer) frames.push(frame);
  return frames;
}

/** The code that `promise` rejects with; `'resolved'` when it does not. */
export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: unknown) => (isEdmpError(error) ? error.code : String(error)),
  );
}
