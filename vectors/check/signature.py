"""Strict ed25519: what libsodium decides alone it decides fast, the rest is computed here, without a cofactor."""

from __future__ import annotations

import hashlib

from nacl import bindings
from nacl.exceptions import CryptoError

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
ZERO: Point = (0, 1, 1, 0)


def add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def times(scalar: int, point: Point) -> Point:
    result = ZERO
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point(encoded: bytes) -> Point | None:
    """The point of a canonical encoding (RFC 8032, section 5.1.3), or None."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encoded(value: Point) -> bytes:
    inverse = pow(value[2], P - 2, P)
    x, y = value[0] * inverse % P, value[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point(bytes.fromhex("58" + "66" * 31))
assert BASE is not None


def challenge(first: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(first + key + message).digest(), "little") % L


def verified_by_hand(key: bytes, message: bytes, signature: bytes) -> bool:
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= L:
        return False
    a, r = point(key), point(signature[:32])
    if a is None or r is None or same(times(8, a), ZERO):
        return False
    assert BASE is not None
    return same(times(scalar, BASE), add(r, times(challenge(signature[:32], key, message), a)))


_in_subgroup: dict[bytes, bool] = {}


def plain_key(key: bytes) -> bool:
    if key not in _in_subgroup:
        _in_subgroup[key] = bool(bindings.crypto_core_ed25519_is_valid_point(key))
    return _in_subgroup[key]


def verified(key: bytes, message: bytes, signature: bytes) -> bool:
    """A libsodium may multiply by the cofactor, so its yes counts by itself only for points of prime order."""
    if len(key) != 32 or len(signature) != 64:
        return False
    try:
        bindings.crypto_sign_open(signature + message, key)
    except CryptoError:
        sodium = False
    else:
        sodium = True
    if plain_key(key) and sodium and bindings.crypto_core_ed25519_is_valid_point(signature[:32]):
        return True
    if sodium or signature[:32] in SMALL_ORDER:
        return verified_by_hand(key, message, signature)
    # Its equation holds wherever ours does, and of what fits it refuses only an R of small order, which the page does not.
    return False


def _small_order() -> list[bytes]:
    """The eight points that the cofactor takes away, from one of order eight."""
    y = 2
    while True:
        candidate = point(y.to_bytes(32, "little"))
        y += 1
        if candidate is not None:
            eighth = times(L, candidate)
            if not same(times(4, eighth), ZERO):
                return [encoded(times(factor, eighth)) for factor in range(8)]


SMALL_ORDER = _small_order()


def sign(seed: bytes, message: bytes) -> bytes:
    _key, secret = bindings.crypto_sign_seed_keypair(seed)
    return bindings.crypto_sign(message, secret)[:64]


def public_key(seed: bytes) -> bytes:
    return bindings.crypto_sign_seed_keypair(seed)[0]
