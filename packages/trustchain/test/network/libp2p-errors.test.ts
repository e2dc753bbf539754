import { describe, expect, it } from 'vitest';
import { NetworkError } from '../../src/network/errors.ts';
import { networkErrorOf } from '../../src/network/libp2p/errors.ts';

const named = (name: string): Error => Object.assign(new Error('text'), { name });

describe('errors of libp2p', () => {
  it('become errors of the network with a stable code and their cause', () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [named('UnsupportedProtocolError'), 'ERR_NETWORK_PROTOCOL'],
      [named('TooManyOutboundProtocolStreamsError'), 'ERR_NETWORK_BUSY'],
      [named('AbortError'), 'ERR_ABORTED'],
      [named('DialError'), 'ERR_NETWORK_UNREACHABLE'],
      ['a text', 'ERR_NETWORK_UNREACHABLE'],
    ];
    for (const [cause, code] of cases)
      expect(networkErrorOf('Dialling', cause)).toMatchObject({ code, cause });
  });

  it('stay what they are when they have a code already', () => {
    const error = new NetworkError('ERR_NETWORK_LIMIT', 'too long');
    expect(networkErrorOf('Dialling', error)).toBe(error);
  });
});
