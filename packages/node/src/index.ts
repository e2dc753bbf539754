/**
 * One EDMP node for programs: compose a trader in memory or over files, run a node with its HTTP API, read meters.
 * The command line `edmp` and the web page are thin over this. Needs Node.
 *
 * @packageDocumentation
 */
export { type CreateNodeOptions, createNode, type EdmpNode } from './compose/create-node.ts';
export { createTrader, type Trader, type TraderOptions } from './compose/create-trader.ts';
export { type DataFolder, openDataFolder } from './compose/data-folder.ts';
export { NodeError, type NodeErrorCode } from './compose/errors.ts';
export type { NodeFault } from './compose/faults.ts';
export { type RunNodeOptions, type RunningNode, runNode } from './compose/run-node.ts';
export type {
  AskRequest,
  BlockQuery,
  BookOrderView,
  BuyRequest,
  CertificateView,
  ChainBlockView,
  ClaimView,
  ConsentLogView,
  ConsentView,
  CurrencyRequest,
  CurrencyView,
  CurveQuery,
  CurveView,
  DeliveryView,
  ListingFilter,
  ListingView,
  MatchmakerView,
  MeterView,
  NodeEvent,
  NodeInfo,
  NodeService,
  OfferRequest,
  OrderView,
  RevealsView,
  TradeEvidenceView,
  TradeStepView,
  TradeView,
  TransferRequest,
  TransferView,
  WalletTransactionView,
  WalletView,
} from './service.ts';
export { VERSION } from './version.ts';
