import {
  type Environment,
  type HalfBlock,
  isPublicKeyHex,
  type Network,
  publicKeyFromHex,
  publicKeyToHex,
  type Trustchain,
  type ValidationLevel,
} from '@edmp/interface';
import type { Market } from '@edmp/market';
import type { MeterMounts } from '../../meters/meter-mounts.ts';
import type { LedgerService } from '../../service.ts';
import { NodeError } from '../errors.ts';
import { blockView } from '../views.ts';
import { parseId } from './known.ts';

/** What {@link ledger} works with. */
export interface LedgerNeeds {
  readonly name: string;
  readonly version: string;
  readonly environment: Environment;
  readonly network: Network;
  readonly market: Market;
  readonly trustchain: Trustchain;
  /** What `--meters` names. */
  readonly meterSource: string | null;
  readonly mounts: Pick<MeterMounts, 'mounts'>;
  /** Level of a stored block from its neighbours. */
  readonly levelOf: (block: HalfBlock) => Promise<ValidationLevel>;
}

/** The node itself and the blocks that it holds. */
export function ledger(needs: LedgerNeeds): LedgerService {
  const { name, version, environment, network, market, trustchain, meterSource, mounts, levelOf } = needs;
  return {
    async info() {
      return {
        name,
        version,
        key: publicKeyToHex(network.self),
        addresses: network.addresses(),
        peers: network.peers().map(publicKeyToHex),
        matchmaker: market.matchmaker,
        witnessKeys: market.notaryKeys.map(publicKeyToHex),
        meterSource: meterSource ?? ((await mounts.mounts()).length > 0 ? 'mounted meters' : null),
        now: environment.now(),
      };
    },

    async blocks({ author, after = 0, limit }) {
      if (author !== undefined && !isPublicKeyHex(author)) {
        throw new NodeError(
          'ERR_NODE_CONFIG',
          'An author is a public key of 64 lower-case hexadecimal characters',
        );
      }
      const blocks =
        author === undefined
          ? (await trustchain.store.since(after, limit)).map((arrived) => arrived.block)
          : await trustchain.store.range(publicKeyFromHex(author), after + 1, Number.MAX_SAFE_INTEGER, limit);
      return Promise.all(blocks.map(async (block) => blockView(block, await levelOf(block))));
    },

    async block(id) {
      const block = await trustchain.store.get(parseId(id, 'block'));
      if (block === undefined)
        throw new NodeError('ERR_NODE_NOT_FOUND', `There is no block ${JSON.stringify(id.slice(0, 80))}`);
      return blockView(block, await levelOf(block));
    },
  };
}
