import { CODEC_DAG_CBOR } from '@edmp/interface';
import { decode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';

/** Links inside a block, in the order of its encoding; none for raw blocks and for bytes that are not dag-cbor. */
export function linksOf(cid: CID, bytes: Uint8Array): readonly CID[] {
  if (cid.code !== CODEC_DAG_CBOR) return [];
  let root: unknown;
  try {
    root = decode(bytes);
  } catch {
    return [];
  }
  const links: CID[] = [];
  const waiting: unknown[] = [root];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
    const link = CID.asCID(value);
    if (link !== null) links.push(link);
    else {
      const items = Array.isArray(value) ? value : Object.values(value);
      for (let i = items.length - 1; i >= 0; i--) if (items[i] !== undefined) waiting.push(items[i]);
    }
  }
  return links;
}
