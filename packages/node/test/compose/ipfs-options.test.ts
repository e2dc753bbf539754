import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { hostAndPort, peerKey } from '../../src/cli/arguments.ts';
import { parseContentStore } from '../../src/compose/content-store.ts';
import { startGateway } from '../../src/http/gateway-listener.ts';
import { capabilityIn, clientIn, ipfsAnswer } from '../../src/http/ipfs-routes.ts';

const code = (text: string) => expect.objectContaining({ code: text });
const CAPABILITY = 'abcdefghijklmnopqrstuvwxyz234567abcdefghij';

describe('options about IPFS', () => {
  it('name a store', () => {
    expect(parseContentStore('fs')).toEqual({ kind: 'fs' });
    expect(parseContentStore('kubo:http://127.0.0.1:5001')).toEqual({
      kind: 'kubo',
      url: 'http://127.0.0.1:5001',
    });
    expect(
      parseContentStore('layered:gateway:https://a.example,bitswap:/ip4/127.0.0.1/tcp/1/p2p/12D3KooWa'),
    ).toEqual({
      kind: 'layered',
      sources: [
        { kind: 'gateway', url: 'https://a.example' },
        { kind: 'bitswap', address: '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWa' },
      ],
    });
    for (const wrong of [
      '',
      'ipfs',
      'kubo:',
      'kubo:ftp://a',
      'gateway:http://a',
      'layered:',
      'layered:fs',
      'layered:kubo:x,',
    ])
      expect(() => parseContentStore(wrong), wrong).toThrow(code('ERR_NODE_CONFIG'));
    expect(() => parseContentStore('layered:bitswap:/ip4/127.0.0.1/tcp/1')).toThrow(code('ERR_NODE_CONFIG'));
  });

  it('name peers and addresses', () => {
    // Made by libp2p of the key of RFC 8032, test 1.
    const key = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
    expect(peerKey(key)).toBe(key);
    expect(peerKey('12D3KooWQK2Sus4amWtGQhaCfgrZkRAFDsSFuLaWVAYEsAbY7dEE')).toMatch(/^[0-9a-f]{64}$/);
    for (const wrong of [
      '',
      'Qm',
      'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn',
      '12D3KooW',
      'x'.repeat(500),
    ])
      expect(() => peerKey(wrong), wrong).toThrow('Expected an ed25519 peer id');
    expect(hostAndPort('8081')).toEqual({ host: '127.0.0.1', port: 8081 });
    expect(hostAndPort('[::1]:0')).toEqual({ host: '::1', port: 0 });
    expect(hostAndPort('0.0.0.0:443')).toEqual({ host: '0.0.0.0', port: 443 });
    for (const wrong of ['', ':1', 'a:b', '1:2:3', 'host:65536', '-1'])
      expect(() => hostAndPort(wrong), wrong).toThrow('Expected host:port');
  });
});

describe('the way of a request to the gateway', () => {
  const seen = async (url: string, headers: Record<string, string> = {}) => {
    let found: readonly (string | undefined)[] | undefined;
    const answer = await ipfsAnswer(new Request(url, { headers }), async (request) => {
      found = [new URL(request.url).pathname, capabilityIn(request)];
      return new Response();
    });
    return answer === undefined ? undefined : found;
  };
  it('finds a capability in the path, the header and the name of the host, and nowhere else', async () => {
    expect(await seen(`http://a/cap/${CAPABILITY}/ipfs/x/y`)).toEqual(['/ipfs/x/y', CAPABILITY]);
    expect(await seen('http://a/ipfs/x', { authorization: `Bearer ${CAPABILITY}` })).toEqual([
      '/ipfs/x',
      CAPABILITY,
    ]);
    expect(await seen(`http://${CAPABILITY}.gateway.test:1/ipfs/x`)).toEqual(['/ipfs/x', CAPABILITY]);
    expect(await seen('http://a/ipfs/x', { 'x-edmp-capability': CAPABILITY })).toEqual([
      '/ipfs/x',
      undefined,
    ]);
    expect(await seen(`http://a/ipfs/x?capability=${CAPABILITY}`)).toEqual(['/ipfs/x', undefined]);
    expect(await seen('http://a/cap/short/ipfs/x')).toEqual(['/ipfs/x', undefined]);
    for (const path of [
      '/',
      '/v1/info',
      '/cap/',
      `/cap/${CAPABILITY}`,
      `/cap/${CAPABILITY}/v1/info`,
      '/ipfsx/a',
    ])
      expect(await seen(`http://a${path}`), path).toBeUndefined();
  });
});

describe('who asks the gateway', () => {
  it('is whom the listener names, whatever the request says', async () => {
    const headers = { 'x-edmp-client': '192.0.2.1' };
    const told: (string | undefined)[] = [];
    for (const client of [undefined, '192.0.2.9']) {
      await ipfsAnswer(
        new Request('http://a/ipfs/x', { headers }),
        async (request) => {
          told.push(clientIn(request));
          return new Response();
        },
        client,
      );
    }
    expect(told).toEqual([undefined, '192.0.2.9']);
  });
});

describe('a listener of the gateway', () => {
  const gateway = async (): Promise<Response> => new Response('held');
  const onFailure = (error: unknown): void => {
    throw error;
  };

  it('stays on loopback without a certificate, and says when it cannot read one', async () => {
    const options = { gateway, onFailure, port: 0 };
    await expect(startGateway({ ...options, host: '0.0.0.0' })).rejects.toThrow(code('ERR_INVALID_ARGUMENT'));
    const tls = { certificate: '/nonexistent', key: '/nonexistent' };
    await expect(startGateway({ ...options, host: '127.0.0.1', tls })).rejects.toThrow(
      code('ERR_INVALID_ARGUMENT'),
    );
    await using first = await startGateway({ ...options, host: '127.0.0.1' });
    const port = Number(new URL(first.url).port);
    await expect(startGateway({ ...options, host: '127.0.0.1', port })).rejects.toThrow(
      code('ERR_HTTP_LISTEN'),
    );
  });

  it('answers only for IPFS, tells nothing of failures, and ends with open connections', async () => {
    const failures: unknown[] = [];
    const listener = await startGateway({
      gateway: async (request) => {
        if (request.url.includes('bad')) throw new Error('secret');
        return gateway();
      },
      host: '127.0.0.1',
      port: 0,
      onFailure: (error) => failures.push(error),
    });
    expect(await (await fetch(`${listener.url}/ipfs/x`)).text()).toBe('held');
    expect((await fetch(`${listener.url}/v1/info`)).status).toBe(404);
    const failed = await fetch(`${listener.url}/ipfs/bad`);
    expect([failed.status, await failed.text()]).toEqual([500, 'The request failed\n']);
    expect(failures).toHaveLength(1);
    const idle = connect(Number(new URL(listener.url).port), '127.0.0.1');
    await once(idle, 'connect');
    idle.write('GET /ipfs/x HTTP/1.1\r\n');
    const closed = new Promise<void>((resolve) => idle.once('close', () => resolve()));
    idle.on('error', () => undefined);
    await listener.stop();
    await closed;
    await listener.stop();
  });
});
