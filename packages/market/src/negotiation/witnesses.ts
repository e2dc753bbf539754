import { type AbortOptions, equalBytes, type PublicKey } from '@edmp/interface';
import { type Currency, currencyName } from '../asset/currency.ts';
import { hex } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';

/** What is known of who serves which statement key. */
export interface WitnessNodes {
  /** Whether a node is known to serve a statement key. */
  serves(node: PublicKey, statementKey: PublicKey): boolean;
  /** Asks peers who serves the keys, as far as it is not known. Throws `ERR_ABORTED` only. */
  locate(statementKeys: readonly PublicKey[], options: AbortOptions): Promise<void>;
}

/** Who takes part, and what is known of whom they are. */
export interface Parties {
  readonly seller: PublicKey;
  readonly buyer: PublicKey;
  readonly nodes: Pick<WitnessNodes, 'serves'>;
}

/** What one side accepts. */
export interface WitnessSettings {
  readonly witnesses: readonly PublicKey[];
  readonly withoutWitnesses: boolean;
  readonly loneNotaryParty: boolean;
}

const short = (key: PublicKey): string => hex(key).slice(0, 16);

function isParty(witness: PublicKey, { seller, buyer, nodes }: Parties): boolean {
  return (
    equalBytes(witness, seller) ||
    equalBytes(witness, buyer) ||
    nodes.serves(seller, witness) ||
    nodes.serves(buyer, witness)
  );
}

/**
 * Issued money: the notaries are the witnesses, so the lone notary of a currency would judge its own trade.
 * Throws `ERR_TRADE_WITNESSES`.
 */
export function expectNotaries(currency: Currency, parties: Parties, settings: WitnessSettings): void {
  if (currency.kind !== 'issued' || currency.notaries.length > 1 || settings.loneNotaryParty) return;
  const [notary] = currency.notaries;
  if (notary === undefined || !isParty(notary, parties)) return;
  throw new MarketError(
    'ERR_TRADE_WITNESSES',
    `One side of this trade is the only notary of ${currencyName(currency)} and would judge its own deal; trades with a lone notary are off until both sides switch them on (start --trade-with-notary, or loneNotaryParty)`,
  );
}

/**
 * Which witnesses a buyer asks for: those that the ask lists *and* its own settings name, no party among them: four, or
 * one; null in issued money. Throws `ERR_TRADE_WITNESSES` with what to add when there are none.
 */
export function chooseWitnesses(
  currency: Currency,
  listed: readonly PublicKey[],
  parties: Parties,
  settings: WitnessSettings,
): readonly PublicKey[] | null {
  if (currency.kind === 'issued') {
    expectNotaries(currency, parties, settings);
    return null;
  }
  if (listed.length === 0) {
    if (settings.withoutWitnesses) return [];
    throw new MarketError(
      'ERR_TRADE_WITNESSES',
      'The seller trades without witnesses; switch that on here too (start --without-witnesses), or buy from a seller that lists a witness',
    );
  }
  const trusted = new Set(settings.witnesses.map(hex));
  const shared = listed.filter((key) => trusted.has(hex(key)) && !isParty(key, parties));
  if (shared.length >= 4) return shared.slice(0, 4);
  const [first] = shared;
  if (first !== undefined) return [first];
  throw new MarketError(
    'ERR_TRADE_WITNESSES',
    `The seller accepts the witnesses ${listed.map(short).join(', ')}, none of which this node trusts; add one of them (start --witness KEY)`,
    { details: { listed: listed.map(hex) } },
  );
}

/**
 * Why a seller does not accept the witnesses of proposed terms; undefined when it does. None are fine only where this
 * side switched that on and its ask lists none (the buyer could otherwise take its money back with key and data).
 */
export function refuseWitnesses(
  currency: Currency,
  proposed: readonly PublicKey[] | null,
  listed: readonly PublicKey[],
  parties: Parties,
  settings: WitnessSettings,
): string | undefined {
  if (currency.kind === 'issued') {
    try {
      expectNotaries(currency, parties, settings);
      return undefined;
    } catch (error) {
      if (error instanceof MarketError) return error.message;
      throw error;
    }
  }
  if (proposed === null) return 'expected witnesses, or none by agreement, in test money';
  if (proposed.length === 0) {
    if (listed.length === 0 && settings.withoutWitnesses) return undefined;
    return listed.length === 0
      ? 'this seller does not trade without witnesses, and its ask lists none: ask it to list one'
      : `the ask asks for one or four of its witnesses ${listed.map(short).join(', ')}`;
  }
  const allowed = new Set(listed.map(hex));
  const stranger = proposed.find((key) => !allowed.has(hex(key)));
  if (stranger !== undefined) return `the ask does not list the witness ${short(stranger)}`;
  const party = proposed.find((key) => isParty(key, parties));
  return party === undefined ? undefined : `the witness ${short(party)} is served by one of the parties`;
}
