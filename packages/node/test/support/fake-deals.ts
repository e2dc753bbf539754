import type { NodeService } from '@edmp/node';

/** What a fake node shows and erases of its deals; `idOf` throws for a deal that it does not know. */
export function fakeDeals(
  idOf: (wanted: string) => string,
): Pick<NodeService, 'deal' | 'tradeProofs' | 'eraseTrade'> {
  return {
    deal: async (wanted) => ({ trade: idOf(wanted), bytes: Uint8Array.of(1, 2, 3) }),
    async tradeProofs(wanted) {
      idOf(wanted);
      return [];
    },
    async eraseTrade(wanted) {
      idOf(wanted);
      return { keysDestroyed: 1, blocksDeleted: 0, unreachable: [] };
    },
  };
}
