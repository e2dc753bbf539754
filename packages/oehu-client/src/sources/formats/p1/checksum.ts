import type { SourceIssue } from '../../issues.ts';
import { crc16Arc } from './crc16.ts';

/** Why bytes are no telegram. An error each, with its stack, would take a hundred times as long as finding that out. */
export interface TelegramFault {
  readonly code: 'ERR_METER_FORMAT' | 'ERR_METER_CHECKSUM' | 'ERR_METER_LIMIT';
  readonly message: string;
}

const LF = 0x0a;
const latin1 = new TextDecoder('latin1');

/** Holds the CRC behind the `!` in place `bang` against the telegram; a CRC that is needed and absent is a fault. */
export function checkCrc(
  bytes: Uint8Array,
  bang: number,
  isRequired: boolean,
  issues: SourceIssue[],
): 'valid' | 'absent' | TelegramFault {
  const next = bytes[bang + 1];
  // Most telegrams without a CRC end here, or with their line: no text is made of that.
  const isBare = next === undefined || (next === LF && bytes.length === bang + 2);
  const tail = isBare ? '' : latin1.decode(bytes.subarray(bang + 1, bang + 8)).trim();
  if (tail === '') {
    if (!isRequired) return 'absent';
    return {
      code: 'ERR_METER_CHECKSUM',
      message: 'The telegram has no CRC although its version demands one',
    };
  }
  const told = /^[0-9A-Fa-f]{1,4}$/.test(tail) ? Number.parseInt(tail, 16) : -1;
  if (told === crc16Arc(bytes, 0, bang + 1)) return 'valid';
  // Editors and copy-paste turn CR LF into LF: the CRC is over the telegram as it was sent.
  if (
    !bytes.subarray(0, bang).includes(0x0d) &&
    told === crc16Arc(withCarriageReturns(bytes.subarray(0, bang + 1)))
  ) {
    issues.push({
      code: 'line-endings',
      at: '!',
      message: 'CR LF line ends were changed to LF; the CRC fits without that',
    });
    return 'valid';
  }
  return {
    code: 'ERR_METER_CHECKSUM',
    message: 'The CRC does not fit: the telegram was damaged or changed',
  };
}

function withCarriageReturns(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 2);
  let length = 0;
  for (const byte of bytes) {
    if (byte === 0x0a) out[length++] = 0x0d;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
