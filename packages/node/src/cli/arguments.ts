import { bytesToHex } from '@edmp/interface';
import { InvalidArgumentError as BadOption } from 'commander';
import { base58btc } from 'multiformats/bases/base58';
import { ownCommand } from './own-command.ts';

/** The largest amount of money that a block can carry, minor units: 2⁶³−1. */
const LARGEST_AMOUNT = 2n ** 63n - 1n;

/** Parses an amount of money in minor units. Throws commander's usage error. */
export function amount(text: string): bigint {
  if (!/^[1-9][0-9]{0,18}$/.test(text) || BigInt(text) > LARGEST_AMOUNT)
    throw new BadOption(`Expected a whole number of minor units, from 1 to ${LARGEST_AMOUNT}.`);
  return BigInt(text);
}

/** Parses a day that exists, `YYYY-MM-DD`. Throws commander's usage error. */
export function day(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text)
    throw new BadOption('Expected a day that exists, as YYYY-MM-DD.');
  return text;
}

/** A parser of whole numbers in a range. It throws commander's usage error. */
export function wholeBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw new BadOption(`Expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/** Parses a size in bytes, such as `500MB` or `1.5GiB`, from 16 MiB on. Throws commander's usage error. */
export function byteSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?) ?((?:[kmgt]i?)?)b?$/i.exec(text.trim()) ?? [];
  const bytes =
    digits === '' ? Number.NaN : Math.floor(Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 2 ** 24)
    throw new BadOption('Expected a size from 16MiB on, such as 500MB, 2GB or 1GiB.');
  return bytes;
}

/** Parses the id of a dataset. Throws commander's usage error. */
export function assetId(text: string): string {
  if (!/^EW[a-z0-9]{10,110}$/.test(text))
    throw new BadOption(`Expected the EW… id of a dataset, as ${ownCommand('market')} shows it.`);
  return text;
}

/** Parses the start of a geohash. Throws commander's usage error. */
export function geohash(text: string): string {
  if (!/^[0-9b-hjkmnp-z]{1,12}$/.test(text))
    throw new BadOption('Expected a geohash such as u15: digits and letters without a, i, l and o.');
  return text;
}

/** Parses an IANA time zone. Throws commander's usage error. */
export function timeZone(text: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return text;
  } catch {
    throw new BadOption('Expected a time zone such as Europe/Amsterdam.');
  }
}

/** Parses an http or https URL. Throws commander's usage error. */
export function httpUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new BadOption('Expected an http URL such as http://127.0.0.1:8080.');
  return text;
}

/** Gathers the values of an option that may be repeated. */
export function collect(text: string, all: readonly string[] | undefined): string[] {
  return [...(all ?? []), text];
}

/** Parses a public key in hexadecimal. Throws commander's usage error. */
export function publicKey(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new BadOption('Expected a key of 64 lower-case hexadecimal characters.');
  return text;
}

/** Parses the label of a currency. Throws commander's usage error. */
export function currencyLabel(text: string): string {
  if (!/^[A-Z][A-Z0-9]{1,11}$/.test(text))
    throw new BadOption('Expected 2 to 12 upper-case letters and digits, a letter first.');
  return text;
}

/** Parses a signed block in hexadecimal. Throws commander's usage error. */
export function blockHex(text: string): string {
  if (!/^(?:[0-9a-f]{2}){64,65536}$/.test(text))
    throw new BadOption('Expected a signed block in lower-case hexadecimal.');
  return text;
}

/** What an ed25519 peer id begins with, before its key: an identity multihash of a protobuf (libp2p specs, peer-ids). */
const PEER_ID_HEAD = '002408011220';

/** Parses a libp2p peer id (`12D3KooW…`) or a public key in hexadecimal; gives the latter. Throws commander's usage error. */
export function peerKey(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  try {
    const hex = text.length > 64 ? '' : bytesToHex(base58btc.baseDecode(text));
    if (hex.startsWith(PEER_ID_HEAD) && hex.length === PEER_ID_HEAD.length + 64)
      return hex.slice(PEER_ID_HEAD.length);
  } catch {
    // Not base58.
  }
  throw new BadOption('Expected an ed25519 peer id such as 12D3KooW…, or a public key of 64 hex characters.');
}

/** Parses `host:port`, `[::1]:port` or a port alone, which means 127.0.0.1. Throws commander's usage error. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const [, six, four, digits] =
    /^(?:\[([0-9a-f:.]+)\]:|([A-Za-z0-9.-]{1,253}):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535)
    throw new BadOption('Expected host:port, such as 127.0.0.1:8081 or [::1]:8081, or a port.');
  return { host: six ?? four ?? '127.0.0.1', port };
}
