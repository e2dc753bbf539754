import { type VirtualEnvironment, virtualEnvironment } from '@edmp/interface';
import { createHttpApp, type HttpAppOptions } from '@edmp/node/http';
import type { Hono } from 'hono';
import { undocumented } from './documented.ts';
import { type FakeNode, fakeMarket } from './fake-service.ts';

/** The token of every node in the tests. */
export const TOKEN = 'test-token-0123456789';

/** One node of a fake market behind its HTTP app. */
export interface HttpNode extends FakeNode {
  readonly app: Hono;
  /** Sends a request as a program with the token would. Throws where the answer is not documented. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** A seller and a buyer on one virtual clock, each with its HTTP app. */
export function httpMarket(options: Partial<HttpAppOptions> = {}): {
  readonly environment: VirtualEnvironment;
  readonly seller: HttpNode;
  readonly buyer: HttpNode;
} {
  const environment = virtualEnvironment();
  const [seller, buyer] = fakeMarket({ environment, nodes: ['Seller', 'Buyer'] }).map((node) => {
    const app = createHttpApp({ service: node.service, token: TOKEN, environment, ...options });
    const send: HttpNode['send'] = async (method, path, body, headers = {}) => {
      const answer = await app.request(`http://127.0.0.1:8080${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const wrong = undocumented(method, path, answer);
      if (wrong !== undefined) throw new Error(wrong);
      return answer;
    };
    return { ...node, app, send };
  });
  return { environment, seller: seller!, buyer: buyer! };
}

/** A day of a meter put up for sale, as the GUI would. */
export const OFFER = {
  meter: 'meter-1',
  from: '2026-01-05',
  to: '2026-01-05',
  commodity: 'electricity',
  flow: 'import',
  step: 'PT15M',
  title: 'A winter Monday',
  price: '10',
  currency: 'DUM1',
  supply: 1,
  accuracy: 'town',
  purposes: ['research'],
  lifetimeMs: 86_400_000,
} as const;
