import { isDisplayable } from '@edmp/interface/format';
import * as z from 'zod';
import { MOUNT_KINDS, type MountKind, type MountRequest } from '../meter-service.ts';
import { mqttMapping } from './mqtt-map.ts';

/** How a meter is mounted; kept in the data folder. `token`, `password` and `fingerprint` are shown to nobody. */
export interface MeterSettings extends MountRequest {
  readonly name: string;
  readonly kind: MountKind;
  /** Name that an MQTT broker knows this node by, so that it keeps what was missed. */
  readonly client?: string | undefined;
}

/** Name of a meter: one line that shows as what it is, no slash (`NAME/DEVICE` names a device of an OEHU API). */
export const meterName: z.ZodType<string, string> = z
  .string()
  .regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,62}[\p{L}\p{N}._-])?$/u,
    'a name of 1 to 64 letters, digits, spaces and . _ -',
  )
  .refine(isDisplayable, 'a name without invisible characters');

const zone = z.string().max(64).refine(isZone, 'an IANA time zone such as Europe/Amsterdam');
const secret = z.string().min(1).max(512);

const fields = {
  kind: z.enum(MOUNT_KINDS),
  address: z.string().min(1).max(1024).optional(),
  zone: zone.optional(),
  baud: z.int().min(300).max(3_000_000).optional(),
  every: z.int().min(1).max(86_400).optional(),
  keepDays: z.int().min(1).max(36_500).optional(),
  silentMinutes: z.int().min(1).max(100_000).optional(),
  token: secret.optional(),
  user: z.string().min(1).max(256).optional(),
  password: secret.optional(),
  mapping: mqttMapping.optional(),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 fingerprint of 64 lower-case hexadecimal characters')
    .optional(),
} as const;

/** See {@link MeterSettings}. */
export const meterSettings: z.ZodType<MeterSettings> = z.strictObject({
  name: meterName,
  ...fields,
  client: z
    .string()
    .regex(/^edmp[0-9a-f]{16}$/)
    .optional(),
});

/** See {@link MountRequest}. */
export const mountRequest: z.ZodType<MountRequest> = z.strictObject({
  ...fields,
  name: meterName.optional(),
  kind: fields.kind.optional(),
});

function isZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
