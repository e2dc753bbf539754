import type { FoundMeter } from '../../meter-service.ts';
import type { OfferedService } from './service-records.ts';

const MAX_NAME = 40;

/**
 * What people can mount of what a network offers. A HomeWizard meter that speaks both of its APIs is told once, by the
 * newer one; the names are those that the devices give themselves, in letters, digits, spaces and `. _ -` only.
 *
 * @param mountedAs - Name of the meter that an address is mounted as.
 */
export function foundMeters(
  offered: readonly OfferedService[],
  mountedAs: (found: Pick<FoundMeter, 'kind' | 'address'>) => string | null,
): readonly FoundMeter[] {
  const ofV2 = new Set(offered.filter(isV2).map(({ address }) => address));
  const found = new Map<string, FoundMeter>();
  for (const one of offered) {
    if (one.service === '_hwenergy._tcp.local' && ofV2.has(one.address)) continue;
    const { kind, address, hint } = one.service === '_mqtt._tcp.local' ? asBroker(one) : asHomeWizard(one);
    // Two that call themselves differently at one address are one.
    if (found.has(address)) continue;
    const name = plainName(one.text.get('product_name') ?? one.instance) || kind;
    found.set(address, { kind, name, address, hint, mounted: mountedAs({ kind, address }) });
  }
  const order = ({ kind, name, address }: FoundMeter): string => `${kind} ${name.toLowerCase()} ${address}`;
  return [...found.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

type Place = Pick<FoundMeter, 'kind' | 'address' | 'hint'>;

const isV2 = ({ service }: OfferedService): boolean => service === '_homewizard._tcp.local';

/** TXT keys of both APIs: `product_type`, `product_name`, `serial`; of v1 also `api_enabled` and `path`. */
function asHomeWizard(one: OfferedService): Place {
  const { address, port, text } = one;
  const product = text.get('product_type') ?? '';
  const isOff = !isV2(one) && text.get('api_enabled') === '0';
  const other = product === 'HWE-SKT' ? 'socket' : product === 'HWE-BAT' ? 'battery' : undefined;
  return {
    kind: 'homewizard',
    address: isV2(one) ? `https://${address}${portOf(port, 443)}` : `http://${address}${portOf(port, 80)}`,
    hint: isOff ? 'api-off' : (other ?? (isV2(one) ? 'button' : 'ready')),
  };
}

function asBroker({ address, port }: OfferedService): Place {
  return { kind: 'mqtt', address: `mqtt://${address}${portOf(port, 1883)}`, hint: 'topic' };
}

const portOf = (port: number, usual: number): string => (port === usual ? '' : `:${port}`);

/** A name that shows as what it is, wherever it is written. */
function plainName(name: string): string {
  const plain = name.normalize('NFC').replace(/[^\p{L}\p{N} ._-]+/gu, ' ');
  return Array.from(plain.replace(/\s+/g, ' ').trim()).slice(0, MAX_NAME).join('').trim();
}
