import type { Answer } from 'dns-packet';
import { isHomeAddress } from './own-networks.ts';

/** Services that are asked for (DNS-SD, RFC 6763): HomeWizard's local API v1, its v2, and MQTT brokers. */
export const SERVICES = ['_hwenergy._tcp.local', '_homewizard._tcp.local', '_mqtt._tcp.local'] as const;
/** See {@link SERVICES}. */
export type Service = (typeof SERVICES)[number];

/** A service that somebody on the network says to offer. */
export interface OfferedService {
  readonly service: Service;
  /** What it calls itself, without the name of the service. */
  readonly instance: string;
  /** IPv4. */
  readonly address: string;
  readonly port: number;
  /** What it tells of itself, keys in lower case. */
  readonly text: ReadonlyMap<string, string>;
}

/** A household has a few; more than these are no longer kept, in all and of one sender. */
const MAX_INSTANCES = 128;
const MAX_INSTANCES_OF_ONE = 16;
const MAX_ADDRESSES = 4;
/** Strings of a TXT record that are looked at, and the longest of them (RFC 6763 §6.2 and §6.1). */
const MAX_TEXTS = 24;
const MAX_TEXT_BYTES = 255;

/** What one packet tells, and who sent it. */
export interface Told {
  readonly records: readonly Answer[];
  /** Address of the sender. */
  readonly teller: string;
}

interface Instance {
  readonly service: Service;
  readonly name: string;
  readonly teller: string;
  target?: { readonly host: string; readonly port: number };
  text?: ReadonlyMap<string, string>;
}

/** Puts together what strangers on the network tell piece by piece: names, hosts, addresses, texts. */
export class ServiceRecords {
  readonly #instances = new Map<string, Instance>();
  readonly #addresses = new Map<string, Set<string>>();
  #leftOut = 0;

  /** What was left out: addresses of no home network, and services of one sender beyond those that a device has. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Takes in the records of one packet; those of other services are left alone. */
  add({ records, teller }: Told): void {
    // The names first: of the rest only what belongs to them is kept.
    for (const record of records) if (record.type === 'PTR') this.#name(record.name, record.data, teller);
    for (const record of records) {
      if (record.type === 'SRV') {
        const { target: host, port } = record.data;
        const instance = this.#instances.get(key(record.name));
        if (instance !== undefined && port > 0) instance.target = { host: key(host), port };
      } else if (record.type === 'TXT') {
        const instance = this.#instances.get(key(record.name));
        if (instance !== undefined) instance.text = textOf(record.data);
      }
    }
    for (const record of records)
      if (record.type === 'A') this.#address(key(record.name), record.data, teller);
  }

  /** Names of which something is not known yet, to be asked for: services without a host, hosts without an address. */
  missing(): { readonly instances: readonly string[]; readonly hosts: readonly string[] } {
    const all = [...this.#instances.values()];
    const hosts = all.flatMap(({ target }) =>
      target === undefined || this.#addresses.has(target.host) ? [] : [target.host],
    );
    return {
      instances: all.filter(({ target, text }) => target === undefined || text === undefined).map(nameOf),
      hosts: [...new Set(hosts)],
    };
  }

  /** What is known whole. */
  offered(): readonly OfferedService[] {
    return [...this.#instances.values()].flatMap(({ service, name, target, text }) => {
      const [address] = target === undefined ? [] : (this.#addresses.get(target.host) ?? []);
      if (target === undefined || address === undefined) return [];
      const instance = name.slice(0, -service.length - 1);
      return [{ service, instance, address, port: target.port, text: text ?? new Map() }];
    });
  }

  #name(service: string, name: unknown, teller: string): void {
    const known = SERVICES.find((one) => one === key(service));
    if (known === undefined || typeof name !== 'string' || !key(name).endsWith(`.${known}`)) return;
    if (this.#instances.size >= MAX_INSTANCES || this.#instances.has(key(name))) return;
    // One who tells a thousand hides no other.
    const of = [...this.#instances.values()].filter((one) => one.teller === teller);
    if (of.length < MAX_INSTANCES_OF_ONE) this.#instances.set(key(name), { service: known, name, teller });
    else this.#leftOut++;
  }

  #address(host: string, address: unknown, teller: string): void {
    if (typeof address !== 'string') return;
    if (!isHomeAddress(address, teller)) {
      this.#leftOut++;
      return;
    }
    // Of hosts that no service is at nothing is kept; one that is told later is asked for.
    if (![...this.#instances.values()].some(({ target }) => target?.host === host)) return;
    const known = this.#addresses.get(host) ?? new Set();
    this.#addresses.set(host, known);
    if (known.size < MAX_ADDRESSES) known.add(address);
  }
}

/** Names of the domain system are the same in upper and lower case (RFC 6762 §16). */
const key = (name: string): string => name.toLowerCase().replace(/\.$/, '');
const nameOf = ({ name }: { readonly name: string }): string => name;

/** `key=value` pairs of a TXT record; the first of each key counts (RFC 6763 §6.4). */
function textOf(data: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of [data].flat().slice(0, MAX_TEXTS)) {
    const text =
      part instanceof Uint8Array
        ? Buffer.from(part.subarray(0, MAX_TEXT_BYTES)).toString('utf8')
        : String(part);
    const at = text.indexOf('=');
    if (at <= 0) continue;
    const name = text.slice(0, at).toLowerCase();
    if (!found.has(name)) found.set(name, text.slice(at + 1, MAX_TEXT_BYTES));
  }
  return found;
}
