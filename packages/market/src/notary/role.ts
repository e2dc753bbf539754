import type { Notary, NotaryOptions } from './notary.ts';
import { openNotary } from './notary.ts';

/** How a node serves as notary and witness. */
export interface NotarySettings extends Pick<NotaryOptions, 'store' | 'serve' | 'limits'> {}

/** What a market hands to the notary that it opens. */
export interface NotaryNeeds extends Omit<NotaryOptions, keyof NotarySettings> {}

/** The role of a notary and witness, as `createMarket` takes it. Inert until the market opens it. */
export interface NotaryRole {
  /** Opens the notary beside a market. Throws the store's errors. */
  open(needs: NotaryNeeds): Promise<Notary>;
}

/**
 * Lets a market serve as notary and witness, with statement keys that it makes and keeps in `store`; that store belongs
 * into no backup. What a program does not import it does not carry: buyers and sellers need none of this.
 */
export function notary(settings: NotarySettings): NotaryRole {
  return { open: (needs) => openNotary({ ...needs, ...settings }) };
}
