import type { Market, MarketOptions } from './market.ts';

export declare function createMarket(options: MarketOptions): Promise<Market>;
