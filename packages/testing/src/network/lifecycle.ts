import { type PeerEvent, publicKeyToHex, singleFrame } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { collectAll, eventually, itemAt, rejection } from '../support.ts';
import { type NetworkSuiteOptions, silentHandler, withNetworks } from './harness.ts';

const PROTOCOL = '/suite/lifecycle/1';
const EMPTY = new Uint8Array();
const text = (event: PeerEvent): string => `${event.type} ${publicKeyToHex(event.peer)}`;

/** Connecting, peer events and stopping. */
export function lifecycleCases(options: NetworkSuiteOptions): void {
  describe('connections', () => {
    it('gives every node its own key and lists the peers connected', () =>
      withNetworks(options, 3, 'mesh', async (networks) => {
        const keys = networks.map((network) => publicKeyToHex(network.self));
        expect(new Set(keys).size).toBe(3);
        for (const network of networks) {
          const others = keys.filter((key) => key !== publicKeyToHex(network.self));
          expect(network.peers().map(publicKeyToHex).sort()).toEqual(others.sort());
        }
      }));

    it('dials an address, authenticates the key there and tells both sides', () =>
      withNetworks(options, 2, 'none', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        expect(a.peers()).toEqual([]);
        const seen: string[] = [];
        const silenced: string[] = [];
        a.onPeer((event) => seen.push(`a ${text(event)}`));
        b.onPeer((event) => seen.push(`b ${text(event)}`));
        a.onPeer((event) => silenced.push(text(event)))();
        expect(await a.connect(itemAt(b.addresses(), 0))).toEqual(b.self);
        await eventually(environment, 'both sides know', () => seen.length === 2);
        expect(seen.sort()).toEqual([
          `a connected ${publicKeyToHex(b.self)}`,
          `b connected ${publicKeyToHex(a.self)}`,
        ]);
        expect(await a.connect(itemAt(b.addresses(), 0)), 'a second dial').toEqual(b.self);
        expect(a.peers()).toEqual([b.self]);
        expect(silenced).toEqual([]);
      }));

    it('refuses an address that is none, or where nobody is any more', () =>
      withNetworks(options, 2, 'none', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        await rejection(a.connect('not an address'), 'ERR_INVALID_ARGUMENT', 'ERR_NETWORK_UNREACHABLE');
        const address = itemAt(b.addresses(), 0);
        await b.stop();
        await rejection(a.connect(address), 'ERR_NETWORK_UNREACHABLE');
        await rejection(a.connect(address, { signal: AbortSignal.abort() }), 'ERR_ABORTED');
      }));

    it('tells when a peer goes away, and fails requests to it', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        const silent = silentHandler();
        b.handle(PROTOCOL, silent.handler);
        const events: PeerEvent[] = [];
        a.onPeer((event) => events.push(event));
        const pending = rejection(
          collectAll(a.request(b.self, PROTOCOL, EMPTY)),
          'ERR_NETWORK_UNREACHABLE',
          'ERR_NETWORK_REMOTE',
        );
        await eventually(environment, 'the request arrives', () => silent.started() === 1);
        await b.stop();
        await pending;
        await eventually(environment, 'the peer is gone', () => a.peers().length === 0);
        expect(events.map(text)).toEqual([`disconnected ${publicKeyToHex(b.self)}`]);
        await rejection(collectAll(a.request(b.self, PROTOCOL, EMPTY)), 'ERR_NETWORK_UNREACHABLE');
      }));
  });

  describe('stop', () => {
    it('ends its own pending requests and open handlers, and is idempotent', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        const silent = silentHandler();
        a.handle(PROTOCOL, silent.handler);
        b.handle(PROTOCOL, silent.handler);
        const mine = rejection(collectAll(a.request(b.self, PROTOCOL, EMPTY)), 'ERR_NETWORK_STOPPED');
        const theirs = rejection(
          collectAll(b.request(a.self, PROTOCOL, EMPTY)),
          'ERR_NETWORK_UNREACHABLE',
          'ERR_NETWORK_REMOTE',
        );
        await eventually(environment, 'both requests arrive', () => silent.started() === 2);
        await Promise.all([a.stop(), a.stop()]);
        await a.stop();
        await Promise.all([mine, theirs]);
        await eventually(environment, 'both handlers see the end', () => silent.ended() === 2);
        expect(a.peers()).toEqual([]);
      }));

    it('refuses everything afterwards', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(PROTOCOL, async (request) => request.body);
        await singleFrame(a.request(b.self, PROTOCOL, EMPTY));
        const address = itemAt(b.addresses(), 0);
        await a.stop();
        await rejection(collectAll(a.request(b.self, PROTOCOL, EMPTY)), 'ERR_NETWORK_STOPPED');
        await rejection(a.connect(address), 'ERR_NETWORK_STOPPED');
        await rejection(a.publish('/suite/topic/1', EMPTY), 'ERR_NETWORK_STOPPED');
      }));
  });
}
