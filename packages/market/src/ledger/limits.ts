/** How much the ledger keeps of what does not count yet; own blocks and those that concern oneself always fit. */
export interface LedgerLimits {
  /** Authors whose chains are followed for test money. Default 50 000: some 200 MB when every one of them spends. */
  readonly authors: number;
  /** Blocks in all whose predecessors are not known. Default 100 000: five whole chains of the largest that a seller asks for. */
  readonly waitingBlocks: number;
  /** The same for one author. Default 20 000, the largest chain that a seller asks for (DESIGN §3.2). */
  readonly waitingBlocksOfAuthor: number;
  /** Uncertified spending blocks in issued money, in all. Default 20 000. */
  readonly uncertified: number;
  /** The same for one account. Default 64: notaries let nobody run more than 32 ahead. */
  readonly uncertifiedOfAccount: number;
  /** Trade proposals without a hold, of strangers; the same of own ones and of those made to this node. Default 20 000. */
  readonly proposals: number;
  /** Certificates and receipts whose block is not known. Default 20 000, about 10 MB. */
  readonly waitingEvidence: number;
  /** Blocks and certificates in currencies whose block is not known. Default 4 096. */
  readonly unknownCurrencies: number;
}

/** The default limits. */
export const LEDGER_LIMITS: LedgerLimits = {
  authors: 50_000,
  waitingBlocks: 100_000,
  waitingBlocksOfAuthor: 20_000,
  uncertified: 20_000,
  uncertifiedOfAccount: 64,
  proposals: 20_000,
  waitingEvidence: 20_000,
  unknownCurrencies: 4_096,
};
