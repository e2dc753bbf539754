import { createHash } from 'node:crypto';
import { type SeededRandom, seededRandom } from '@edmp/interface';
import type { Zone } from '../time/zone.ts';
import { faultsOf, faultyMetadata, faultyRegisters, type PlannedReading, planSlot } from './device-faults.ts';
import type { EmulatedFault } from './faults.ts';
import { type HouseholdParameters, householdParameters } from './household.ts';
import { type EmulatedRegisters, emulatedMeter } from './registers.ts';
import { deviceKey, type EmulatedMetadata, type SignedTransaction, signTransaction } from './signer.ts';

/** One reading as the emulated database holds it. */
export interface EmulatedRow {
  /** ObjectId of the transaction row. */
  readonly transactionRow: string;
  /** ObjectId of the metadata row. */
  readonly metadataRow: string;
  readonly transaction: SignedTransaction;
  /** Time of the reading, ms since the epoch. */
  readonly at: number;
}

/** What is the same in every reading of a device. */
interface Description {
  readonly deviceType: string;
  readonly householdType: string;
  readonly location: { readonly coordinates: readonly (string | number)[]; readonly type: 'Point' };
  readonly locationAccuracy: string | number;
  readonly occupants: string | number;
}

/** One emulated device: a household, its meters, its key and its chain. */
export interface EmulatedDevice {
  readonly index: number;
  readonly household: HouseholdParameters;
  /** ORM id `id:<app>:devices:<uuid>`. */
  readonly ormId: string;
  /** Asset id: the id of the CREATE transaction. */
  readonly assetId: string;
  /** Public key, base58. */
  readonly publicKey: string;
  readonly create: SignedTransaction;
  readonly createRow: string;
  /** A transaction of this device by its id, if it was made already. */
  find(id: string): SignedTransaction | undefined;
  /** True registers at an instant, for tests to compare with. */
  registersAt(at: number): EmulatedRegisters;
  /** Number of readings up to `now`. */
  count(now: number): number;
  /** Rows from index `first` up to, not including, `last`; signs what is not signed yet. */
  rows(first: number, last: number): readonly EmulatedRow[];
}

/** Options of {@link emulatedDevice}. */
export interface EmulatedDeviceOptions {
  readonly seed: number;
  readonly index: number;
  readonly zone: Zone;
  /** Local midnight from which on there are readings. */
  readonly start: number;
  readonly everyMs: number;
  readonly solarShare?: number;
  readonly carShare?: number;
  /** Device faults. */
  readonly faults?: readonly EmulatedFault[];
}

/** Most time slots of one device: ten years of minutes. */
const MAX_SLOTS = 5_300_000;

/** Places that households are spread around: latitude, longitude. */
const PLACES: readonly (readonly [number, number])[] = [
  [52.011, 4.357],
  [51.922, 4.479],
  [52.367, 4.904],
  [52.09, 5.121],
  [51.441, 5.47],
  [53.219, 6.566],
];
const TYPES = ['House', 'House', 'House', 'House', 'House', 'Office', 'Storage'] as const;
const ACCURACIES = [200, 200, 3000, 3000, 28_000] as const;
const HIDDEN = [52.31877224455515, 2.973580237523761] as const;

/** A device whose rows are simulated and signed when first asked for. */
export function emulatedDevice(options: EmulatedDeviceOptions): EmulatedDevice {
  const { seed, index, start, everyMs } = options;
  const random = seededRandom(seed).fork(`device ${index}`);
  const faults = faultsOf(options.faults ?? [], index);
  // A twin is the meter of the device before it under another id.
  const household = householdParameters(seed, faults.has('twin') && index > 0 ? index - 1 : index, {
    ...(options.solarShare === undefined ? {} : { solar: options.solarShare }),
    ...(options.carShare === undefined ? {} : { car: options.carShare }),
  });
  const meter = emulatedMeter(household, options.zone, start);
  const key = deviceKey(`oehu-emulator ${seed} ${index}`);
  const ormId = `id:3b959424:devices:${uuid(random)}`;
  const description = describe(household, random, index);
  const metadata = (planned: PlannedReading): EmulatedMetadata | null => {
    const { at } = planned;
    if (planned.faults.length === 0) return readingMetadata(description, meter.at(at), at);
    const shown = faultyRegisters(meter.at(at), meter.at(start), planned, start + 43_200_000);
    return faultyMetadata(readingMetadata(description, shown, at), planned);
  };
  const data = { id: ormId, schema: 'OEHU device' };
  const create = signTransaction(key, { data }, null, registration(description));
  const machine = random.bytes(5).reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '');
  const lag = 1 + random.below(8);
  const objectId = (at: number, counter: number): string =>
    Math.floor(at / 1000 + lag)
      .toString(16)
      .padStart(8, '0') +
    machine +
    (counter & 0xff_ffff).toString(16).padStart(6, '0');
  const rows: EmulatedRow[] = [];
  const plan: PlannedReading[] = [];
  const planning = seededRandom(seed).fork(`faults ${index}`);
  let slots = 0;
  const planUntil = (now: number): void => {
    while ((plan[plan.length - 1]?.at ?? Number.NEGATIVE_INFINITY) <= now && slots < MAX_SLOTS) {
      plan.push(...planSlot(slots++, start, everyMs, faults, planning));
    }
  };

  return {
    index,
    household,
    ormId,
    assetId: create.id,
    publicKey: key.text,
    create,
    createRow: objectId(start - everyMs, 0),
    find: (id) => (id === create.id ? create : rows.find((row) => row.transaction.id === id)?.transaction),
    registersAt: (at) => meter.at(at),
    count(now) {
      planUntil(now);
      let low = 0;
      let high = plan.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((plan[middle]?.at ?? 0) <= now) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    rows(first, last) {
      while (plan.length < last && slots < MAX_SLOTS)
        plan.push(...planSlot(slots++, start, everyMs, faults, planning));
      for (let next = plan[rows.length]; rows.length < last && next !== undefined; next = plan[rows.length]) {
        const previous = rows[rows.length - 1]?.transaction.id ?? create.id;
        const counter = 2 * rows.length + 1;
        rows.push({
          metadataRow: objectId(next.at, counter),
          transactionRow: objectId(next.at, counter + 1),
          transaction: signTransaction(key, { id: create.id }, previous, metadata(next)),
          at: next.at,
        });
      }
      return rows.slice(first, last);
    },
  };
}

function uuid(random: SeededRandom): string {
  const hex = createHash('sha256').update(random.bytes(16)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The set-up wizard sends strings, a direct call numbers: every fourth device is of the second kind. */
function describe(household: HouseholdParameters, random: SeededRandom, index: number): Description {
  const [latitude = 52, longitude = 5] = PLACES[random.below(PLACES.length)] ?? [];
  const isHidden = random.unit() < 0.1;
  const point = isHidden
    ? HIDDEN
    : [latitude + 0.05 * (random.unit() - 0.5), longitude + 0.08 * (random.unit() - 0.5)];
  const accuracy = isHidden ? 100_000 : (ACCURACIES[random.below(ACCURACIES.length)] ?? 200);
  const direct = index % 4 === 3;
  const loose = (value: number): string | number => (direct ? value : String(value));
  return {
    deviceType: direct ? 'SMART_METER' : 'OEHU',
    householdType: TYPES[random.below(TYPES.length)] ?? 'House',
    location: { coordinates: point.map(loose), type: 'Point' },
    locationAccuracy: loose(accuracy),
    occupants: loose(household.occupants),
  };
}

const kilo = (value: number): number => value / 1000;

function readingMetadata(
  description: Description,
  registers: EmulatedRegisters,
  at: number,
): EmulatedMetadata {
  const { deviceType, ...rest } = description;
  const { import1, import2, export1, export2, gas } = registers;
  const group = (tariff1: number, tariff2: number): EmulatedMetadata => ({
    tariff1: kilo(tariff1),
    tariff2: kilo(tariff2),
    total: kilo(tariff1 + tariff2),
  });
  return {
    deviceType,
    electricityDelivered: group(export1, export2),
    electricityReceived: group(import1, import2),
    gasReceived: gas === null ? null : kilo(gas),
    householdType: rest.householdType,
    lastUpdate: at,
    location: rest.location,
    locationAccuracy: rest.locationAccuracy,
    occupants: rest.occupants,
  };
}

/** Metadata of the CREATE: the description with zero registers and no time. */
function registration(description: Description): EmulatedMetadata {
  const none = { import1: 0, import2: 0, export1: 0, export2: 0, gas: 0 };
  return readingMetadata(description, none, 0);
}
