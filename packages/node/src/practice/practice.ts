import {
  type Crypto,
  EdmpError,
  type Environment,
  type KeyValueStore,
  type Network,
  type PublicKey,
  publicKeyToHex,
} from '@edmp/interface';
import { DUM1, DUM2 } from '@edmp/market';
import { openStatementKeys } from '@edmp/market/notary';
import type { WitnessSettings } from '@edmp/market/trade';
import type { TraderOptions } from '@edmp/trader';
import { NodeError } from '../compose/errors.ts';
import type { PracticeView, Practising } from '../practice-service.ts';
import { type Neighbour, startNeighbour } from './neighbour.ts';

/** Options of {@link practising}. */
export interface PractisingOptions {
  readonly environment: Environment;
  readonly crypto: Crypto;
  /** The node's own network: the neighbour is a peer of it. */
  readonly network: Network;
  /** See `NeighbourOptions`; undefined: there is no room for a neighbour here. */
  readonly neighbourNetwork: TraderOptions['network'] | undefined;
  readonly witnesses: WitnessSettings;
  readonly statements: KeyValueStore;
}

/** The practice neighbour of a node, to be let in and sent away. */
export interface PracticeDesk extends Practising {
  /** Sends the neighbour away, busy or not. Idempotent. */
  stop(): Promise<void>;
}

/** The statement key that the practice witness signs with: the node has to trust it before there is a neighbour. */
export async function practiceWitnessKey(options: {
  readonly statements: KeyValueStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
}): Promise<PublicKey> {
  const keys = await openStatementKeys({ ...options, store: options.statements });
  const [key] = keys.keys();
  if (key === undefined) throw new NodeError('ERR_NODE_DATA', 'The file of the practice witness has no key');
  return key;
}

/** Whom a node trusts, and its practice neighbour with it. */
export interface PracticeTrust {
  readonly node: WitnessSettings;
  readonly neighbour: WitnessSettings;
}

/**
 * Adds the practice witness to those that a node trusts, last: nobody else trusts it, so it decides about trades with the
 * neighbour alone. A node that trades without witnesses does so with the neighbour too: buyers that do so take no ask
 * that lists one.
 */
export function practiceTrust(settings: WitnessSettings, witness: PublicKey): PracticeTrust {
  const { keys = [], allowNone = false } = settings;
  if (keys.length === 0 && allowNone) return { node: settings, neighbour: { allowNone } };
  return { node: { ...settings, keys: [...keys, witness] }, neighbour: { keys: [witness] } };
}

/**
 * What keeps a node from offering for test money what nobody could buy: without the neighbour, a node needs a witness
 * that somebody else trusts too. Throws `ERR_TRADE_WITNESSES`.
 */
export function sellable(settings: WitnessSettings, desk: Practising): (currency: string) => Promise<void> {
  const { keys = [], allowNone = false } = settings;
  return async (currency) => {
    const isTest = currency === DUM1.id || currency === DUM2.id;
    if (!isTest || keys.length > 0 || allowNone || (await desk.practice()).on) return;
    throw new EdmpError(
      'ERR_TRADE_WITNESSES',
      'A sale in test money needs a witness: let the practice neighbour in, name statement keys of nodes that you trust (start --witness KEY), or allow trades without (start --without-witnesses)',
    );
  };
}

/** A {@link PracticeDesk}; the neighbour is not there yet. */
export function practising(options: PractisingOptions): PracticeDesk {
  const { network } = options;
  let neighbour: Neighbour | undefined;
  // One change after another.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const next = turn.then(act, act);
    turn = next.catch(() => undefined);
    return next;
  };
  const view = (): PracticeView => ({
    on: neighbour !== undefined,
    key: neighbour === undefined ? null : publicKeyToHex(neighbour.key),
    witness: neighbour === undefined ? null : publicKeyToHex(neighbour.witness),
  });
  const letIn = async (): Promise<void> => {
    const { neighbourNetwork, ...rest } = options;
    if (neighbourNetwork === undefined)
      throw new NodeError('ERR_NODE_CONFLICT', 'This node has no room for a practice neighbour');
    const started = await startNeighbour({ ...rest, network: neighbourNetwork, owner: network.self });
    try {
      for (const address of started.addresses) await network.connect(address);
      await started.offer();
      neighbour = started;
    } catch (error) {
      await started.stop();
      throw error;
    }
  };
  const sendAway = async (): Promise<void> => {
    const leaving = neighbour;
    neighbour = undefined;
    await leaving?.stop();
  };
  return {
    practice: async () => view(),
    setPractice: (on) =>
      inTurn(async () => {
        if (on && neighbour === undefined) await letIn();
        if (!on) {
          if (neighbour?.isBusy() === true)
            throw new NodeError(
              'ERR_NODE_CONFLICT',
              'A deal with the practice neighbour is under way; send it away when that has ended',
            );
          await sendAway();
        }
        return view();
      }),
    stop: () => inTurn(sendAway),
  };
}
