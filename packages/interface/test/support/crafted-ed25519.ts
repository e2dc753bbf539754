import { bytesToHex, concatBytes, uint32ToBytes, utf8ToBytes } from '@edmp/interface';
import type { CraftedSignature } from '@edmp/testing';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';

const { Point } = ed25519;
type CurvePoint = typeof Point.BASE;
const L = Point.Fn.ORDER;
const P = Point.Fp.ORDER;

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));

/** A scalar of the prime-order group that anybody can recompute. */
const scalar = (label: string): bigint => bytesToNumberLE(sha512(utf8ToBytes(label))) % L;

/** SHA-512(R ‖ A ‖ M) modulo L (RFC 8032 §5.1.7). */
export const challenge = (r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint =>
  bytesToNumberLE(sha512(concatBytes(r, key, message))) % L;

/** n · point for points of any order, where noble's `multiplyUnsafe` wants n < L. */
const times = (point: CurvePoint, n: bigint): CurvePoint => point.multiplyUnsafe(n);

/** A point of order exactly 8: [L]Q for the first Q (by y-coordinate) that has a full torsion component. */
export function torsionGenerator(): CurvePoint {
  for (let y = 2n; ; y++) {
    let candidate: CurvePoint;
    try {
      candidate = Point.fromBytes(littleEndian(y));
    } catch {
      continue; // no such point
    }
    const torsion = times(candidate, L - 1n).add(candidate);
    if (!times(torsion, 4n).is0()) return torsion;
  }
}

/** All 14 encodings of the eight points of small order: each y (and y + p where it fits) with either sign bit. */
export function smallOrderEncodings(): { readonly encoding: Uint8Array; readonly point: CurvePoint }[] {
  const generator = torsionGenerator();
  const points = Array.from({ length: 8 }, (_, i) => times(generator, BigInt(i)));
  const found = new Map<string, { readonly encoding: Uint8Array; readonly point: CurvePoint }>();
  for (const point of points) {
    const { x, y } = point.toAffine();
    for (const form of y + P < 1n << 255n ? [y, y + P] : [y]) {
      for (const sign of x === 0n ? [0, 1] : [Number(x & 1n)]) {
        const encoding = littleEndian(form);
        encoding[31] = encoding[31]! | (sign << 7);
        found.set(bytesToHex(encoding), { encoding, point });
      }
    }
  }
  return [...found.values()].sort((a, b) => (bytesToHex(a.encoding) < bytesToHex(b.encoding) ? -1 : 1));
}

/** The first message `label ‖ n` for which `fits` holds. */
function searchMessage(label: string, fits: (message: Uint8Array) => boolean): Uint8Array {
  for (let n = 0; n < 1000; n++) {
    const message = concatBytes(utf8ToBytes(`${label} `), uint32ToBytes(n));
    if (fits(message)) return message;
  }
  return expectNever(label);
}

function expectNever(label: string): never {
  throw new RangeError(`no message found for ${label}`);
}

/** Signatures around the edges of RFC 8032 §5.1.7, each with the strict answer. */
export function craftSignatures(): CraftedSignature[] {
  const secret = scalar('edmp crafted secret');
  const nonce = scalar('edmp crafted nonce');
  const honestKey = times(Point.BASE, secret);
  const honestNonce = times(Point.BASE, nonce);
  const generator = torsionGenerator();
  const crafted: CraftedSignature[] = [];
  const add = (
    name: string,
    valid: boolean,
    key: Uint8Array,
    message: Uint8Array,
    r: Uint8Array,
    s: bigint,
  ): void => {
    crafted.push({
      name,
      valid,
      publicKey: bytesToHex(key),
      message: bytesToHex(message),
      signature: bytesToHex(concatBytes(r, littleEndian(s))),
    });
  };
  const response = (r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint =>
    (nonce + challenge(r, key, message) * secret) % L;

  const [key, r] = [honestKey.toBytes(), honestNonce.toBytes()];
  const plain = utf8ToBytes('plain');
  add('an honest signature', true, key, plain, r, response(r, key, plain));
  add('S + L', false, key, plain, r, response(r, key, plain) + L);
  add('S altered by one', false, key, plain, r, response(r, key, plain) + 1n);

  for (const order of [8n, 4n, 2n]) {
    const torsion = times(generator, 8n / order);
    const mixedKey = honestKey.add(torsion).toBytes();
    const mixedR = honestNonce.add(torsion).toBytes();
    const drop = searchMessage(`drop ${order}`, (m) => challenge(r, mixedKey, m) % order === 0n);
    add(
      `key with a torsion part of order ${order} that the challenge cancels`,
      true,
      mixedKey,
      drop,
      r,
      response(r, mixedKey, drop),
    );
    const keep = searchMessage(`keep ${order}`, (m) => challenge(r, mixedKey, m) % order !== 0n);
    add(
      `key with a torsion part of order ${order} that remains`,
      false,
      mixedKey,
      keep,
      r,
      response(r, mixedKey, keep),
    );
    add(`R with a torsion part of order ${order}`, false, key, plain, mixedR, response(mixedR, key, plain));
    const clash = searchMessage(
      `clash ${order}`,
      (m) => (challenge(mixedR, mixedKey, m) + 1n) % order !== 0n,
    );
    add(
      `torsion parts of order ${order} in key and R whose sum vanishes only times 8`,
      false,
      mixedKey,
      clash,
      mixedR,
      response(mixedR, mixedKey, clash),
    );
    // [S]B = R + kA holds exactly when the torsion of R is −k·T: choose R = rB − jT and a message with k = j.
    const opposite = honestNonce.add(torsion.negate()).toBytes();
    const exact = searchMessage(
      `exact ${order}`,
      (m) => (challenge(opposite, mixedKey, m) - 1n) % order === 0n,
    );
    add(
      `torsion parts of order ${order} in key and R that cancel`,
      true,
      mixedKey,
      exact,
      opposite,
      response(opposite, mixedKey, exact),
    );
  }

  // With R of small order, S = k·secret; the torsion of R is met by a key with a torsion part of order 8.
  const fullKey = honestKey.add(generator);
  for (const { encoding, point } of smallOrderEncodings()) {
    const name = bytesToHex(encoding);
    const message = searchMessage(`small R ${name}`, (m) =>
      point.add(times(generator, challenge(encoding, fullKey.toBytes(), m))).is0(),
    );
    const s = (challenge(encoding, fullKey.toBytes(), message) * secret) % L;
    add(`R of small order ${name}`, false, fullKey.toBytes(), message, encoding, s);
  }
  for (const { encoding, point } of smallOrderEncodings()) {
    const name = bytesToHex(encoding);
    const start = honestNonce.toBytes();
    // [S]B = R + kA with S = nonce and R = nonce·B when k·A vanishes.
    const message = searchMessage(`small ${name}`, (m) => times(point, challenge(start, encoding, m)).is0());
    add(`key of small order ${name}`, false, encoding, message, start, nonce);
  }
  return crafted;
}
