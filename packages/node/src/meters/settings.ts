import { isDisplayable } from '@edmp/interface/format';
import * as z from 'zod';
import { MOUNT_KINDS, type MountKind, type MountRequest } from '../meter-service.ts';

/** How a meter is mounted; kept in the data folder. `token` and `fingerprint` are shown to nobody. */
export interface MeterSettings extends MountRequest {
  readonly name: string;
  readonly kind: MountKind;
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
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 fingerprint of 64 lower-case hexadecimal characters')
    .optional(),
} as const;

/** See {@link MeterSettings}. */
export const meterSettings: z.ZodType<MeterSettings> = z.strictObject({ name: meterName, ...fields });

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
