import { CODEC_DAG_CBOR } from '@edmp/interface';
import { linksIn } from '@edmp/interface/format';
import type { CID } from 'multiformats/cid';

/**
 * Links inside a block, in the order of its encoding; none for raw blocks and for bytes that are not dag-cbor.
 *
 * @param cid - Names the block and with it how it is encoded.
 * @param bytes - The block as it is encoded; the hash is not checked.
 */
export function linksOf(cid: CID, bytes: Uint8Array): readonly CID[] {
  return cid.code === CODEC_DAG_CBOR ? (linksIn(bytes) ?? []) : [];
}
