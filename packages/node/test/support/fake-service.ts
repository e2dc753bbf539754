import { type Descriptor, EdmpError, type Environment, Quality } from '@edmp/interface';
import { toldGaps } from '@edmp/interface/dataset';
import type {
  BookOrderView,
  ChainBlockView,
  CurveQuery,
  CurveView,
  DeliveryView,
  ListingView,
  MeterView,
  NodeEvent,
  NodeService,
  OrderView,
  TradeStepView,
  TradeView,
  WalletTransactionView,
} from '@edmp/node';
import { consentRecords } from '@edmp/oehu-client/consent';
import { checkPublicTexts } from '@edmp/oehu-client/privacy';
import { fakeConsents } from './fake-consents.ts';
import { fakeCurrencies } from './fake-currencies.ts';
import { fakeCurve, fakeReveals } from './fake-curve.ts';
import { fakeDeals } from './fake-deals.ts';
import { type FakeMeters, fakeMeters } from './fake-meters.ts';
import { fakeNaming } from './fake-naming.ts';
import { fakeNetworking } from './fake-networking.ts';
import { FAKE_MATCHMAKERS, fakePublished } from './fake-published.ts';
import { STATE_TEXT, STATES, STEPS } from './fake-steps.ts';
import { fakeStorage } from './fake-storage.ts';
import { fakeTrust } from './fake-trust.ts';
import { FAKE_WALLETS, fakeWallets } from './fake-wallets.ts';

/** Pause between two steps of a fake trade, ms. */
export const STEP_PAUSE_MS = 500;

/** Statement key of the one witness of every fake deal. */
const WITNESS = 'ee'.repeat(32);
const CELLS = { street: 'u15pm', town: 'u15p', region: 'u15', hidden: null } as const;

interface Mutable<T> {
  value: T;
}

/** A service of a {@link fakeMarket} and a switch to make its trades fail. */
export interface FakeNode {
  readonly service: NodeService;
  readonly key: string;
  /** Its mounted meters. */
  readonly meters: FakeMeters;
  /** The next trade bought here stops after its first step. */
  failNext(): void;
}

/** A market of nodes in memory: lists, matches and walks trades through their steps on `environment`'s clock. No cryptography. */
export function fakeMarket(options: {
  readonly environment: Environment;
  readonly nodes: readonly string[];
}): FakeNode[] {
  const { environment } = options;
  const { now } = environment;
  const blocks: ChainBlockView[] = [];
  const listings: ListingView[] = [];
  const book: Mutable<
    BookOrderView & { status: OrderView['status']; reserved: number; aside: OrderView['aside'] }
  >[] = [];
  const datasets = new Map<string, { owner: string; descriptor: Descriptor; curve: CurveView }>();
  const trades: {
    seller: string;
    buyer: string;
    view: Mutable<Omit<TradeView, 'role' | 'order' | 'partner' | 'partnerOrder'>>;
    ask: string;
    bid: string;
  }[] = [];
  const wallets = fakeWallets();
  const { move } = wallets;
  const currencies = fakeCurrencies();
  const consents = fakeConsents(environment);
  const listeners = new Set<(event: NodeEvent) => void>();
  let ids = 0;

  const id = (prefix: string): string => `${prefix}${(++ids).toString(36).padStart(20, 'a')}`;
  const emit = (type: NodeEvent['type'], what: string, text: string): void => {
    for (const listener of listeners) listener({ type, at: now(), id: what, text });
  };
  const unknown = (what: string): EdmpError =>
    new EdmpError('ERR_NODE_NOT_FOUND', `This node knows no such ${what}`);

  const append = (author: string, type: string, peer: string | null, link: string | null): string => {
    const own = blocks.filter((block) => block.author === author);
    const block: ChainBlockView = {
      id: id('bafy'),
      author,
      seq: own.length + 1,
      prev: own.at(-1)?.id ?? null,
      peer,
      link,
      type,
      time: now(),
      level: 'valid',
      bytes: 380,
    };
    blocks.push(block);
    return block.id;
  };

  const placed = (
    key: string,
    side: 'ask' | 'bid',
    order: { asset: string; price: bigint; currency: string; quantity: number; lifetimeMs: number },
  ): Mutable<
    BookOrderView & { status: OrderView['status']; reserved: number; aside: OrderView['aside'] }
  > => {
    const { lifetimeMs, ...rest } = order;
    const block = append(key, `market/${side}`, null, null);
    const entry = {
      value: {
        order: block,
        side,
        number: blocks.filter((known) => known.author === key).length,
        trader: key,
        ...rest,
        currencyLabel: rest.currency,
        filled: 0,
        reserved: 0,
        aside: [],
        status: 'open' as OrderView['status'],
        created: now(),
        expires: now() + lifetimeMs,
      },
    };
    book.push(entry);
    environment.schedule(lifetimeMs, () => {
      if (entry.value.status === 'open') entry.value = { ...entry.value, status: 'expired' };
    });
    return entry;
  };

  const list = (key: string, descriptor: Descriptor, ask: BookOrderView): ListingView => {
    const listing: ListingView = {
      order: ask.order,
      asset: ask.asset,
      seller: key,
      own: false,
      descriptor,
      price: ask.price,
      currency: ask.currency,
      currencyLabel: ask.currencyLabel,
      remaining: ask.quantity,
      listed: now(),
      expires: ask.expires,
    };
    listings.push(listing);
    emit('listing', ask.order, `Listed ${descriptor.title}`);
    return listing;
  };

  const startTrade = (listing: ListingView, buyer: string, bid: string, fails: boolean): void => {
    const seller = listing.seller;
    const view: Mutable<Omit<TradeView, 'role' | 'order' | 'partner' | 'partnerOrder'>> = {
      value: {
        id: id('t'),
        asset: listing.asset,
        price: listing.price,
        currency: listing.currency,
        currencyLabel: listing.currencyLabel,
        state: 'proposing',
        stateText: STATE_TEXT.proposing ?? '',
        witnesses: [WITNESS],
        final: false,
        failed: null,
        steps: [{ name: 'negotiation', at: now(), block: null, signedBy: null }],
        atRisk: 0n,
        started: now(),
        updated: now(),
      },
    };
    const trade = { seller, buyer, view, ask: listing.order, bid };
    trades.push(trade);
    const movement = (
      direction: 'in' | 'out',
      status: WalletTransactionView['status'],
    ): WalletTransactionView => ({
      id: `${view.value.id}-${direction}`,
      direction,
      asset: listing.currency,
      amount: listing.price,
      counterparty: direction === 'in' ? buyer : seller,
      time: now(),
      description: direction === 'in' ? 'Sale of meter data' : 'Purchase of meter data',
      status,
      trade: view.value.id,
    });
    const reserve = (change: 1 | -1): void => {
      for (const entry of book) {
        if (entry.value.order !== listing.order && entry.value.order !== bid) continue;
        entry.value = { ...entry.value, reserved: entry.value.reserved + change };
      }
    };
    reserve(1);
    const fill = (order: string): void => {
      for (const entry of book) {
        if (entry.value.order !== order) continue;
        const filled = entry.value.filled + 1;
        entry.value = {
          ...entry.value,
          filled,
          status: filled === entry.value.quantity ? 'completed' : 'open',
        };
      }
    };
    let lastBlock: string | null = null;
    const advance = (index: number): void => {
      const [name, signedBy, type] = STEPS[index] ?? [];
      let failure = fails && index === 1 ? 'The seller did not answer in time' : undefined;
      if (signedBy === 'seller') {
        try {
          consents.check(listing.asset, 'delivered', buyer);
        } catch {
          failure = 'The seller withdrew its consent';
        }
      }
      if (failure !== undefined) {
        reserve(-1);
        if (index > 1) {
          move(buyer, movement('out', 'returned'));
          move(seller, movement('in', 'returned'));
        }
        view.value = {
          ...view.value,
          steps: [...view.value.steps, { name: 'failed', at: now(), block: null, signedBy: null }],
          state: 'failed',
          stateText: STATE_TEXT.failed ?? '',
          final: true,
          failed: failure,
          atRisk: 0n,
          updated: now(),
        };
        emit('trade', view.value.id, 'A deal failed');
        return;
      }
      let block: string | null = null;
      if (type !== null && type !== undefined) {
        const author = signedBy === 'seller' ? seller : buyer;
        block = append(author, type, author === seller ? buyer : seller, index % 2 === 1 ? lastBlock : null);
        lastBlock = block;
      }
      const step: TradeStepView = { name: name ?? '', at: now(), block, signedBy: signedBy ?? null };
      const last = index === STEPS.length - 1;
      view.value = {
        ...view.value,
        steps: [...view.value.steps, step],
        state: STATES[index] ?? 'unknown',
        final: last,
        atRisk: index === 1 || index === 2 ? listing.price : 0n,
        stateText: STATE_TEXT[STATES[index] ?? ''] ?? '',
        updated: now(),
      };
      if (index === 1) {
        move(buyer, movement('out', 'held'));
        move(seller, movement('in', 'pending'));
      }
      if (last) {
        reserve(-1);
        move(buyer, movement('out', 'final'));
        move(seller, movement('in', 'final'));
        fill(listing.order);
        fill(bid);
      }
      emit('trade', view.value.id, `Step ${index + 1} of ${STEPS.length}`);
      if (!last) environment.schedule(STEP_PAUSE_MS, () => advance(index + 1));
    };
    environment.schedule(STEP_PAUSE_MS, () => advance(0));
    emit('trade', view.value.id, 'A deal began');
  };

  return options.nodes.map((name, index) => {
    const key = (index + 1).toString(16).padStart(2, '0').repeat(32);
    wallets.grant(key, now());
    const meters: readonly MeterView[] = [
      {
        id: `meter-${index + 1}`,
        source: 'oehu',
        mount: null,
        label: 'House, 3 people, near 51.9 N 4.5 E',
        lastUpdate: now(),
        zone: 'Europe/Amsterdam',
        cells: Object.entries(CELLS).map(([accuracy, cell]) => ({
          accuracy: accuracy as keyof typeof CELLS,
          cell,
        })),
        commodities: [
          { commodity: 'electricity', flow: 'import' },
          { commodity: 'electricity', flow: 'export' },
          { commodity: 'gas', flow: 'import' },
        ],
      },
    ];
    const mounted = fakeMeters(environment, emit);
    let fails = false;
    const own = (order: BookOrderView): boolean => order.trader === key;
    const tradeView = (trade: (typeof trades)[number]): TradeView => {
      const sells = trade.seller === key;
      return {
        ...trade.view.value,
        role: sells ? 'seller' : 'buyer',
        order: sells ? trade.ask : trade.bid,
        partner: sells ? trade.buyer : trade.seller,
        partnerOrder: sells ? trade.bid : trade.ask,
        atRisk: sells ? 0n : trade.view.value.atRisk,
      };
    };
    const mine = (wanted: string): (typeof trades)[number] => {
      const trade = trades.find(
        (candidate) =>
          candidate.view.value.id === wanted && (candidate.seller === key || candidate.buyer === key),
      );
      if (trade === undefined) throw new EdmpError('ERR_NODE_NOT_FOUND', 'This node has no such trade');
      return trade;
    };
    const curve = async (query: CurveQuery): Promise<CurveView> => {
      const meter = [...mounted.views(), ...meters].find((candidate) => candidate.id === query.meter);
      if (meter === undefined)
        throw new EdmpError('ERR_METER_UNKNOWN_DEVICE', 'This node has no such meter; see GET /v1/meters');
      if (!meter.commodities.some((kind) => kind.commodity === query.commodity && kind.flow === query.flow)) {
        throw new EdmpError('ERR_METER_RANGE', 'The meter does not measure that');
      }
      const all = fakeCurve(query);
      // The invented meter was installed in 2025.
      return query.from < '2025' ? { ...all, values: all.values.map(() => null), verified: 0 } : all;
    };
    const orderView = ({ value }: (typeof book)[number]): OrderView => {
      const { trader: _, ...order } = value;
      return order;
    };
    const currencyKnown = (currency: string): void => {
      if (!FAKE_WALLETS.includes(currency))
        throw new EdmpError(
          'ERR_WALLET_UNSUPPORTED',
          `There is no wallet for ${currency}; take DUM1 or DUM2`,
        );
    };

    const cancelOrder = (entry: (typeof book)[number]): void => {
      entry.value = { ...entry.value, status: 'cancelled' };
      append(key, 'market/cancel', null, null);
      emit('order', entry.value.order, 'Order cancelled');
    };

    const { tell: _tell, views: _views, ...mounting } = mounted;
    const service: NodeService = {
      ...mounting,
      info: async () => ({
        name,
        version: '0.0.0-fake',
        key,
        addresses: [`/ip4/127.0.0.1/tcp/${4001 + index}`],
        peers: [],
        matchmaker: index === 0,
        witnessKeys: index === 0 ? [WITNESS] : [],
        meterSource: 'oehu',
        now: now(),
      }),
      meters: async () => [...mounted.views(), ...meters],
      curve,
      reveals: async (query) => fakeReveals(await curve(query)),
      async offer(request) {
        currencyKnown(request.currency);
        const view = await curve(request);
        if (request.purposes.length === 0)
          throw new EdmpError('ERR_CONSENT_RECEIPT', 'Expected 1 to 64 purposes in processing.purposes');
        if (request.allowPersonalText !== true) checkPublicTexts(request, [request.meter]);
        const digest = environment.randomBytes(32);
        const descriptor: Descriptor = {
          commodity: request.commodity,
          flow: request.flow,
          unit: request.commodity === 'gas' ? 'uM3' : 'uKWh',
          step: request.step,
          zone: view.zone,
          from: request.from,
          to: request.to,
          count: view.values.length,
          gaps: toldGaps(view.values.length, view.values.filter((value) => value === null).length),
          cell: CELLS[request.accuracy],
          household: request.shareHousehold === true ? { kind: 'house', occupants: '3-4' } : null,
          attestation: 'signed',
          verified: view.verified,
          pseudonym: environment.randomBytes(16),
          licence: 'EDMP-personal-1',
          purposes: request.purposes,
          consent: digest,
          title: request.title,
        };
        const asset = id('EWbafyrei');
        datasets.set(asset, { owner: key, descriptor, curve: view });
        consents.grant(key, asset, digest, request);
        consents.check(asset, 'listed', request.title);
        const ask = placed(key, 'ask', {
          asset,
          price: request.price,
          currency: request.currency,
          quantity: request.supply,
          lifetimeMs: request.lifetimeMs,
        });
        return { ...list(key, descriptor, ask.value), own: true };
      },
      async ask(request) {
        currencyKnown(request.currency);
        const dataset = datasets.get(request.asset);
        if (dataset === undefined || dataset.owner !== key) {
          throw new EdmpError(
            'ERR_SETTLEMENT_UNKNOWN_DATASET',
            'This node does not hold the data of that asset; make an offer of a meter first',
          );
        }
        consents.check(request.asset, 'listed', dataset.descriptor.title);
        const ask = placed(key, 'ask', { ...request, quantity: request.supply });
        list(key, dataset.descriptor, ask.value);
        return orderView(ask);
      },
      async listings(query) {
        const found = listings.filter((listing) => {
          const ask = book.find(({ value }) => value.order === listing.order)?.value;
          const { descriptor } = listing;
          return (
            ask?.status === 'open' &&
            (query.text === undefined || descriptor.title.toLowerCase().includes(query.text.toLowerCase())) &&
            (query.commodity === undefined || descriptor.commodity === query.commodity) &&
            (query.flow === undefined || descriptor.flow === query.flow) &&
            (query.step === undefined || descriptor.step === query.step) &&
            (query.from === undefined || descriptor.to >= query.from) &&
            (query.to === undefined || descriptor.from <= query.to) &&
            (query.cell === undefined || (descriptor.cell ?? '').startsWith(query.cell)) &&
            (query.maxPrice === undefined || listing.price <= query.maxPrice) &&
            (query.asset === undefined || listing.asset === query.asset)
          );
        });
        return found.slice(0, query.limit ?? 100).map((listing) => ({
          ...listing,
          own: listing.seller === key,
          remaining:
            listing.remaining - (book.find(({ value }) => value.order === listing.order)?.value.filled ?? 0),
        }));
      },
      async buy(request) {
        const listing = listings.find(
          (candidate) =>
            candidate.asset === request.asset &&
            book.some(({ value }) => value.order === candidate.order && value.status === 'open'),
        );
        if (listing === undefined) throw unknown('listing');
        if (listing.seller === key)
          throw new EdmpError('ERR_NODE_CONFLICT', 'This is your own listing; you cannot buy from yourself');
        const price = request.price ?? listing.price;
        currencyKnown(request.currency ?? listing.currency);
        if (wallets.view(key, listing.currency).available < price) {
          throw new EdmpError(
            'ERR_WALLET_INSUFFICIENT',
            `The wallet has less than ${price} ${listing.currency} available`,
          );
        }
        const bid = placed(key, 'bid', {
          asset: listing.asset,
          price,
          currency: listing.currency,
          quantity: 1,
          lifetimeMs: request.lifetimeMs ?? 3_600_000,
        });
        emit('order', bid.value.order, 'Bid placed');
        if (price >= listing.price) startTrade(listing, key, bid.value.order, fails);
        fails = false;
        return orderView(bid);
      },
      async cancel(order) {
        const entry = book.find(({ value }) => value.order === order && own(value));
        if (entry === undefined) throw unknown('order');
        if (entry.value.status !== 'open')
          throw new EdmpError(
            'ERR_ORDER_CLOSED',
            `Only an open order can be cancelled; this one is ${entry.value.status}`,
          );
        cancelOrder(entry);
      },
      orders: async () => book.filter(({ value }) => own(value)).map(orderView),
      book: async () =>
        book
          .filter(({ value }) => value.status === 'open')
          .map(({ value: { status: _status, reserved: _reserved, aside: _aside, ...order } }) => order),
      trades: async () =>
        trades.filter((trade) => trade.seller === key || trade.buyer === key).map(tradeView),
      trade: async (wanted) => tradeView(mine(wanted)),
      async tradeEvidence(wanted) {
        const trade = mine(wanted);
        const { steps, state } = trade.view.value;
        const hold = steps.find((step) => step.name === 'trade-agreement')?.block ?? null;
        return {
          trade: wanted,
          hold,
          outcome: state === 'completed' ? 'receipt' : null,
          certificates:
            hold === null
              ? []
              : [{ kind: 'ack', subject: hold, signers: [WITNESS], bytes: Uint8Array.of(1, 2, 3) }],
        };
      },
      ...fakeDeals((wanted) => mine(wanted).view.value.id),
      currencies: async () => currencies.views(key),
      issueCurrency: async ({ label, precision = 2, notaries = [WITNESS] }) =>
        currencies.issue(key, append(key, 'market/currency', null, null), { label, precision, notaries }),
      addCurrency: async (bytes) => currencies.add(key, bytes),
      async transfer({ wallet, to, amount, memo }) {
        if (wallets.view(key, wallet).available < amount)
          throw new EdmpError('ERR_WALLET_INSUFFICIENT', 'Not that much is free');
        const block = append(key, 'market/transfer', to, null);
        const common = { amount, asset: wallet, time: now(), description: memo ?? 'Payment', trade: null };
        move(key, { ...common, id: `${block}-out`, direction: 'out', counterparty: to, status: 'final' });
        move(to, { ...common, id: `${block}-in`, direction: 'in', counterparty: key, status: 'final' });
        emit('wallet', wallet, 'The balance changed');
        return { id: block };
      },
      async claim(wallet) {
        wallets.view(key, wallet);
        return { id: null };
      },
      async delivery(wanted): Promise<DeliveryView> {
        const trade = mine(wanted);
        const dataset = datasets.get(trade.view.value.asset);
        if (trade.buyer !== key || dataset === undefined)
          throw new EdmpError(
            'ERR_TRADE_STATE',
            'This node sold the data of this trade; only the buyer receives it',
          );
        if (!trade.view.value.final || trade.view.value.failed !== null)
          throw new EdmpError('ERR_TRADE_STATE', 'The data is not there before the last step');
        const { values } = dataset.curve;
        return {
          trade: wanted,
          asset: trade.view.value.asset,
          descriptor: dataset.descriptor,
          consumption: {
            values,
            quality: Uint8Array.from(values, (value) =>
              value === null ? Quality.missing : Quality.measured,
            ),
            offsetMinutes: 0,
          },
          curve: dataset.curve,
        };
      },
      ...fakeStorage(() => blocks.length, now),
      trust: async (agent) => [fakeTrust(agent, key)],
      wallets: async () => FAKE_WALLETS.map((wallet) => wallets.view(key, wallet)),
      transactions: async (wallet) => wallets.movements(key, wallet),
      blocks: async ({ author, after, limit }) =>
        (author === undefined
          ? blocks.slice(after ?? 0)
          : blocks.filter((block) => block.author === author && block.seq > (after ?? 0))
        ).slice(0, limit),
      async block(wanted) {
        const block = blocks.find((candidate) => candidate.id === wanted);
        if (block === undefined)
          throw new EdmpError('ERR_NODE_NOT_FOUND', 'This node does not hold that block');
        return block;
      },
      matchmakers: async () => FAKE_MATCHMAKERS,
      consents: async () => consents.of(key),
      consentLog: async () => consents.log(key),
      consentRecords: async () => consentRecords([], environment.now()),
      async withdrawConsent(wanted) {
        const view = consents.withdraw(key, wanted);
        if (view === undefined) throw unknown('consent');
        const open = book.filter(
          ({ value }) => own(value) && value.status === 'open' && value.asset === view.asset,
        );
        for (const ask of open) cancelOrder(ask);
        return view;
      },
      ...fakePublished(),
      ...fakeNetworking(),
      ...fakeNaming(),
      on(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    return { service, key, meters: mounted, failNext: () => (fails = true) };
  });
}
