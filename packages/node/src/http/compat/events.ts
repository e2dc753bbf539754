import { type Environment, isEdmpError } from '@edmp/interface';
import type { NodeEvent, NodeService } from '../../service.ts';
import { bookSide, transaction } from './views.ts';

/** Lines that may wait for a slow reader before it is cut off. */
const MAX_WAITING = 1_000;

/** Pause between empty lines, which keep the connection alive, ms. */
const HEARTBEAT_MS = 60_000;

/**
 * The events of 2019, one JSON object a line: `events_start` at once, then `market_ask`, `market_bid` and their `_timeout`s,
 * `market_transaction_complete`, `market_payment_sent` and `market_payment_received`.
 *
 * @param onEnd - Called once, when the stream is over.
 */
export function compatEvents(
  service: NodeService,
  environment: Environment,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stop = (): void => {};
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    stop();
    onEnd();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let open = true;
        const write = (line: string): void => {
          if (!open) return;
          if (-(controller.desiredSize ?? 0) > MAX_WAITING) {
            open = false;
            end();
            controller.close();
            return;
          }
          controller.enqueue(encoder.encode(`${line}\n`));
        };
        const send = (type: string, event: object): void => write(JSON.stringify({ type, event }));
        let cancel = (): void => {};
        const beat = (): void => {
          write('');
          if (open) cancel = environment.schedule(HEARTBEAT_MS, beat);
        };
        cancel = environment.schedule(HEARTBEAT_MS, beat);
        const told = new Set<string>();
        const forget = service.on((event) => {
          // What became of it meanwhile is told by its next event.
          if (open) tell(service, event, told, send).catch(() => undefined);
        });
        stop = () => {
          open = false;
          forget();
          cancel();
        };
        send('events_start', {});
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );
}

async function tell(
  service: NodeService,
  event: NodeEvent,
  told: Set<string>,
  send: (type: string, event: object) => void,
): Promise<void> {
  if (event.type === 'listing' || event.type === 'order') {
    const order = (await service.book()).find((candidate) => candidate.order === event.id);
    const kind = order?.side ?? (event.type === 'listing' ? 'ask' : await ownSide(service, event.id));
    if (order === undefined) {
      if (kind !== undefined && once(told, `-${event.id}`))
        send(`market_${kind}_timeout`, { block_hash: event.id });
    } else if (once(told, `+${event.id}`)) {
      send(`market_${order.side}`, { tick: bookSide([order], order.side)[0]?.ticks[0] ?? {} });
    }
  } else if (event.type === 'trade') {
    const trade = await service.trade(event.id).catch((error: unknown) => {
      if (isEdmpError(error)) return undefined;
      throw error;
    });
    if (trade === undefined || !trade.final || trade.failed !== null || !once(told, trade.id)) return;
    const { key } = await service.info();
    const trades = [...(await service.trades())].sort((a, b) => a.started - b.started);
    const number = trades.findIndex(({ id }) => id === trade.id) + 1;
    const tx = transaction(trade, number, key, null, null);
    send(trade.role === 'seller' ? 'market_payment_received' : 'market_payment_sent', {
      transaction_id: trade.id,
      transferred: tx.transferred,
    });
    send('market_transaction_complete', { tx, mine: true });
  }
}

async function ownSide(service: NodeService, id: string): Promise<'ask' | 'bid' | undefined> {
  return (await service.orders()).find(({ order }) => order === id)?.side;
}

/** Most things that a stream remembers to have told. */
const MAX_TOLD = 10_000;

function once(told: Set<string>, what: string): boolean {
  if (told.has(what)) return false;
  if (told.size >= MAX_TOLD) told.clear();
  told.add(what);
  return true;
}
