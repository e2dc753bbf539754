import type { AbortOptions, ErasureReport } from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { decodeBounded, encodeFields, integerOf, listOf, mapOf, textOf } from '../codec/fields.ts';
import { linksOf } from '../store/links.ts';
import { boughtPin } from './buyer.ts';
import { shredOpened } from './opened-data.ts';
import { type BoughtRecord, decodeBought, decodeSold, recordKey, type SoldRecord } from './records.ts';
import { type ExchangeContext, soldPin } from './seller.ts';

/** Blocks of a delivery that are held here. */
async function heldBlocks(context: ExchangeContext, manifest: CID): Promise<readonly CID[]> {
  const { content } = context;
  const held: CID[] = [];
  if (!(await content.has(manifest))) return held;
  held.push(manifest);
  // A damaged manifest cannot name its blocks; they go with the collection all the same.
  const bytes = await content.get(manifest).catch(() => new Uint8Array(0));
  for (const cid of linksOf(manifest, bytes)) if (await content.has(cid)) held.push(cid);
  return held;
}

/** Texts of what could not be reached, in the mark of an erased trade. */
const MAX_UNREACHABLE = 16;
const MAX_TEXT = 200;

/** What a mark says could not be reached; nothing for one of the first version. */
function unreachableOf(mark: Uint8Array): readonly string[] {
  const where = 'mark of an erased trade';
  const value = decodeBounded(mark, MAX_UNREACHABLE * (MAX_TEXT * 3 + 8) + 64, where);
  if ((value as { readonly v?: unknown } | null)?.v === 1) return [];
  const map = mapOf(value, ['v', 'time', 'unreachable'], where);
  integerOf(map.v, 2, 2, `${where}.v`);
  return listOf(map.unreachable, MAX_UNREACHABLE, `${where}.unreachable`).map((text) =>
    textOf(text, MAX_TEXT, `${where}.unreachable`),
  );
}

/** What nothing on this node reaches, from the records of a trade. */
function beyondReach(sold: SoldRecord | undefined, bought: BoughtRecord | undefined): readonly string[] {
  return [
    ...(sold?.shared === true ? ['The content key of a dataset that is sealed once for all its buyers'] : []),
    ...(sold?.delivery == null ? [] : ['Sealed blocks that the buyer fetched']),
    ...(sold?.wrappedKey == null ? [] : ['The key that was released to the buyer, and data opened with it']),
    ...(bought === undefined
      ? []
      : ["The seller's data and its sealed copy", 'Data that was exported from this node']),
  ];
}

/**
 * Destroys a trade's content key, one-time key and records, unpins its blocks and deletes those that nothing else
 * keeps. What remains is a mark without personal data that the trade was erased. Repeating it is harmless, and after a
 * crash in the middle it finishes what was begun: the counts are of what that call destroyed, what is out of reach is
 * told again.
 *
 * This destroys keys and local copies; it is not deletion of what others hold.
 */
export async function eraseTrade(
  context: ExchangeContext,
  tradeId: Uint8Array,
  options: AbortOptions = {},
): Promise<ErasureReport> {
  const { crypto, content, secrets, environment } = context;
  const soldBytes = await secrets.get(recordKey.sold(tradeId));
  const boughtBytes = await secrets.get(recordKey.bought(tradeId));
  const sold = soldBytes === undefined ? undefined : decodeSold(soldBytes);
  const bought = boughtBytes === undefined ? undefined : decodeBought(boughtBytes);
  const mark = await secrets.get(recordKey.erased(tradeId));
  if (sold === undefined && bought === undefined) {
    if (mark === undefined) return { keysDestroyed: 0, blocksDeleted: 0, unreachable: [] };
    // A crash may have come between the records and the blocks.
    const { blocks } = await content.collect(options);
    return { keysDestroyed: 0, blocksDeleted: blocks, unreachable: unreachableOf(mark) };
  }

  let keysDestroyed = 0;
  const unreachable = [
    ...new Set([...(mark === undefined ? [] : unreachableOf(mark)), ...beyondReach(sold, bought)]),
  ];
  await secrets.set(recordKey.erased(tradeId), encodeFields({ v: 2, time: environment.now(), unreachable }));
  // Keys first: once they are gone, blocks that a crash leaves behind are unreadable.
  for (const key of [
    ...(sold === undefined ? [] : [recordKey.oneTime(crypto.sha256(sold.trade.recipientKey))]),
    ...(bought === undefined ? [] : [recordKey.oneTime(crypto.sha256(bought.trade.recipientKey))]),
  ]) {
    if ((await secrets.get(key)) === undefined) continue;
    await secrets.delete(key);
    keysDestroyed += 1;
  }
  keysDestroyed += await shredOpened(secrets, tradeId);
  const manifests = [sold?.delivery?.manifest, bought?.delivery.manifest].filter((cid) => cid !== undefined);
  const held = new Map<string, CID>();
  for (const manifest of manifests) {
    for (const cid of await heldBlocks(context, manifest)) held.set(cid.toString(), cid);
  }
  if (sold !== undefined) {
    if (!sold.shared && sold.contentKey !== null) keysDestroyed += 1;
    if (sold.delivery !== null) {
      await content.unpin(sold.delivery.manifest, soldPin(tradeId), options);
      await secrets.delete(recordKey.root(sold.delivery.manifest, sold.trade.buyer, tradeId));
    }
    await secrets.delete(recordKey.paidBy(sold.trade.buyer, tradeId));
    await secrets.delete(recordKey.sold(tradeId));
  }
  if (bought !== undefined) {
    await content.unpin(bought.delivery.manifest, boughtPin(tradeId), options);
    await secrets.delete(recordKey.bought(tradeId));
  }
  await content.collect(options);
  let blocksDeleted = 0;
  for (const cid of held.values()) if (!(await content.has(cid))) blocksDeleted += 1;
  if (blocksDeleted < held.size) {
    unreachable.push(`${held.size - blocksDeleted} sealed blocks that another pin of this store keeps`);
  }
  return { keysDestroyed, blocksDeleted, unreachable };
}
