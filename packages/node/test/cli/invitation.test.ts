import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { isEdmpError } from '@edmp/interface';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  communityName,
  type Invitation,
  invitationLine,
  parseInvitation,
} from '../../src/community/invitation.ts';
import { join, joinedIn, leave } from '../../src/community/joined.ts';
import { commonReach, reachOf } from '../../src/community/reach.ts';

const ID = '12D3KooWLFkMj2yx6upVkPsp2k2p7MxX69ywDQUS8bEJsa36f97f';
const hex = (bytes: number, most = bytes) =>
  fc.uint8Array({ minLength: bytes, maxLength: most }).map((value) => Buffer.from(value).toString('hex'));
const host = fc.oneof(
  fc.nat(255).map((last) => `/ip4/203.0.113.${last}`),
  fc.nat(0xffff).map((last) => `/ip6/2001:db8::${last.toString(16)}`),
  fc.domain().map((name) => `/dns4/${name}`),
);
const address = fc
  .tuple(host, fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('', '/ws', '/tls/ws'))
  .map(([at, port, more]) => `${at}/tcp/${port}${more}/p2p/${ID}`);
const few = <T>(one: fc.Arbitrary<T>, minLength = 0) => fc.uniqueArray(one, { minLength, maxLength: 8 });
const invitations: fc.Arbitrary<Invitation> = fc.record({
  name: fc.string({ unit: 'grapheme', maxLength: 60 }).map(communityName),
  relays: few(address, 1),
  matchmakers: few(address),
  witnesses: few(hex(32)),
  currencies: few(hex(64, 200)),
});
const LINE = invitationLine({
  name: 'Zonnestraat',
  relays: [`/ip4/203.0.113.10/tcp/4001/p2p/${ID}`],
  matchmakers: [],
  witnesses: ['ab'.repeat(32)],
  currencies: [],
});

const folders: string[] = [];
const file = (): string => {
  const folder = mkdtempSync(joinPath(tmpdir(), 'edmp-community-'));
  folders.push(folder);
  return joinPath(folder, 'communities');
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('the line of a community', () => {
  it('says again what was put into it, as one word of any shell', () => {
    fc.assert(
      fc.property(invitations, (invitation) => {
        const line = invitationLine(invitation);
        expect(line).toMatch(/^[A-Za-z0-9.:/_=+-]+$/);
        expect(parseInvitation(` ${line}\n`)).toEqual(invitation);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['another version', LINE.replace('edmp:1', 'edmp:2')],
    ['no name', LINE.replace('+name=Zonnestraat', '')],
    ['a name that a terminal would obey', LINE.replace('Zonnestraat', 'a\u001b[2Jb')],
    ['nobody to connect to', LINE.replace(/\+relay=[^+]*/, '')],
    ['a relay without its id', LINE.replace(`/p2p/${ID}`, '')],
    ['no address', LINE.replace('/ip4/', 'ip4/')],
    ['an address that is none', LINE.replace('203.0.113.10', '203.0.113.1000')],
    ['a port that is none', LINE.replace('4001', '99999')],
    ['a relay with another kind of key', LINE.replace(ID, `Qm${'A'.repeat(44)}`)],
    ['a file', `${LINE}+matchmaker=/unix/run/docker.sock`],
    ['what nodes do not dial', `${LINE}+matchmaker=/ip4/203.0.113.9/udp/1/quic-v1/p2p/${ID}`],
    ['a port of this machine beside', `${LINE}+matchmaker=/ip4/127.0.0.1/tcp/22`],
    ['a name of this machine beside', `${LINE}+matchmaker=/dns4/localhost/tcp/22`],
    ['an inner network beside', `${LINE}+matchmaker=/ip4/192.168.1.1/tcp/80`],
    ['this machine as IPv6 beside', `${LINE}+matchmaker=/ip6/::1/tcp/22`],
    ['IPv4 as IPv6 beside', `${LINE}+matchmaker=/ip6/::ffff:127.0.0.1/tcp/22`],
    [
      'a way through two relays',
      `${LINE}+matchmaker=/ip4/203.0.113.9/tcp/1/p2p/${ID}/p2p-circuit/p2p/${ID}/p2p-circuit`,
    ],
    ['half a witness', LINE.slice(0, -2)],
    ['one thing twice', `${LINE}+witness=${'ab'.repeat(32)}`],
    ['too many', `${LINE}${Array.from({ length: 8 }, (_, i) => `+witness=${`${i}`.repeat(64)}`).join('')}`],
    ['an unknown part', `${LINE}+x=y`],
    ['a part without a value', `${LINE}+`],
    ['far too much', LINE + '+'.repeat(20_000)],
  ])('is refused with %s', (_what, line) => {
    expect(() => parseInvitation(line)).toThrow(expect.objectContaining({ code: 'ERR_NODE_CONFIG' }));
  });

  it.each([
    ['machine', '/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/2', '/dns4/localhost/tcp/3/ws', '/ip4/0.0.0.0/tcp/4'],
    [
      'network',
      '/ip4/192.168.1.2/tcp/1',
      '/ip6/fe80::1/tcp/2',
      '/ip6/fd00::1/tcp/3',
      '/ip4/100.64.0.1/tcp/4',
    ],
    [
      'anywhere',
      '/ip4/203.0.113.1/tcp/1',
      '/ip6/2001:db8::1/tcp/2',
      '/dns/home.example/tcp/3',
      '/ip4/172.32.0.1/tcp/4',
    ],
  ])('leads to this %s alone, where all its addresses do', (reach, ...addresses) => {
    expect(addresses.map(reachOf)).toEqual(addresses.map(() => reach));
    expect(commonReach(addresses)).toBe(reach);
    const line = invitationLine({ ...parseInvitation(LINE), relays: [], matchmakers: addresses });
    expect(parseInvitation(line).matchmakers).toEqual(addresses);
  });

  it('is refused with a typed error or is right, whatever was made of it', () => {
    fc.assert(
      fc.property(fc.nat(LINE.length), fc.string({ maxLength: 4 }), fc.nat(4), (at, text, cut) => {
        const line = LINE.slice(0, at) + text + LINE.slice(at + cut);
        try {
          expect(invitationLine(parseInvitation(line))).toBe(line.trim());
        } catch (error) {
          expect(isEdmpError(error, 'ERR_NODE_CONFIG')).toBe(true);
        }
      }),
    );
  });

  it('is kept by name, sixteen at most, and left by name', () => {
    const path = file();
    expect(joinedIn(path)).toEqual([]);
    const named = (name: string): Invitation => ({ ...parseInvitation(LINE), name });
    for (let i = 0; i < 16; i++) join(path, named(`c${i}`));
    // A newer line of the same community takes the older one's place; another one of its name does not.
    const moved = [`/ip4/203.0.113.11/tcp/4001/p2p/${ID}`];
    join(path, { ...named('c3'), relays: moved });
    for (const witnesses of [[], ['cd'.repeat(32)]])
      expect(() => join(path, { ...named('c3'), witnesses })).toThrow(
        expect.objectContaining({ code: 'ERR_NODE_CONFLICT' }),
      );
    expect(joinedIn(path)).toHaveLength(16);
    expect(joinedIn(path).find(({ name }) => name === 'c3')).toEqual({ ...named('c3'), relays: moved });
    expect(() => join(path, named('one-more'))).toThrow(
      expect.objectContaining({ code: 'ERR_NODE_CONFLICT' }),
    );
    leave(path, 'c0');
    expect(() => leave(path, 'c0')).toThrow(expect.objectContaining({ code: 'ERR_NODE_NOT_FOUND' }));
    expect(joinedIn(path)).toHaveLength(15);
  });

  it('that somebody wrote wrongly into the file is told and left out', () => {
    const path = file();
    writeFileSync(path, `${LINE}\nrubbish\n\n`);
    const told: string[] = [];
    expect(joinedIn(path, (error) => told.push(error.message))).toEqual([parseInvitation(LINE)]);
    expect(told).toHaveLength(1);
  });
});
