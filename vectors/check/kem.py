"""ML-KEM-768 (FIPS 203), X-Wing (draft-connolly-cfrg-xwing-kem) and HPKE base mode over it (RFC 9180, KEM 0x647a)."""

from __future__ import annotations

import functools
import hashlib
import hmac

from nacl import bindings
from nacl.exceptions import CryptoError

from .canonical import Refused

Q = 3329
K = 3
Polynomial = list[int]


def _reversed(index: int) -> int:
    return int(f"{index:07b}"[::-1], 2)


ZETAS = [pow(17, _reversed(i), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * _reversed(i) + 1, Q) for i in range(128)]


def forward(values: Polynomial) -> Polynomial:
    f = values[:]
    i, length = 1, 128
    while length >= 2:
        for start in range(0, 256, 2 * length):
            zeta = ZETAS[i]
            i += 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j + length] = (f[j] - t) % Q
                f[j] = (f[j] + t) % Q
        length //= 2
    return f


def inverse(values: Polynomial) -> Polynomial:
    f = values[:]
    i, length = 127, 2
    while length <= 128:
        for start in range(0, 256, 2 * length):
            zeta = ZETAS[i]
            i -= 1
            for j in range(start, start + length):
                t = f[j]
                f[j] = (t + f[j + length]) % Q
                f[j + length] = zeta * (f[j + length] - t) % Q
        length *= 2
    return [value * 3303 % Q for value in f]


def product(a: Polynomial, b: Polynomial) -> Polynomial:
    result = [0] * 256
    for i in range(128):
        a0, a1, b0, b1 = a[2 * i], a[2 * i + 1], b[2 * i], b[2 * i + 1]
        result[2 * i] = (a0 * b0 + a1 * b1 * GAMMAS[i]) % Q
        result[2 * i + 1] = (a0 * b1 + a1 * b0) % Q
    return result


def total(polynomials: list[Polynomial]) -> Polynomial:
    return [sum(column) % Q for column in zip(*polynomials)]


def packed(values: Polynomial, bits: int) -> bytes:
    number = 0
    for i, value in enumerate(values):
        number |= value << (bits * i)
    return number.to_bytes(32 * bits, "little")


def unpacked(data: bytes, bits: int) -> Polynomial:
    number = int.from_bytes(data, "little")
    mask = (1 << bits) - 1
    return [number >> (bits * i) & mask for i in range(256)]


def compress(values: Polynomial, bits: int) -> Polynomial:
    return [((value << bits) + Q // 2) // Q & (1 << bits) - 1 for value in values]


def decompress(values: Polynomial, bits: int) -> Polynomial:
    return [(value * Q + (1 << bits - 1)) >> bits for value in values]


def uniform(seed: bytes, column: int, row: int) -> Polynomial:
    data = hashlib.shake_128(seed + bytes([column, row])).digest(1344)
    result: Polynomial = []
    for at in range(0, len(data), 3):
        first = data[at] | (data[at + 1] & 15) << 8
        second = data[at + 1] >> 4 | data[at + 2] << 4
        result += [one for one in (first, second) if one < Q]
        if len(result) >= 256:
            return result[:256]
    raise AssertionError("1344 bytes were not enough")


def noise(seed: bytes, counter: int) -> Polynomial:
    number = int.from_bytes(hashlib.shake_256(seed + bytes([counter])).digest(128), "little")
    result: Polynomial = []
    for _ in range(256):
        result.append(((number & 1) + (number >> 1 & 1) - (number >> 2 & 1) - (number >> 3 & 1)) % Q)
        number >>= 4
    return result


def sha3_512(data: bytes) -> tuple[bytes, bytes]:
    digest = hashlib.sha3_512(data).digest()
    return digest[:32], digest[32:]


@functools.lru_cache(16)
def matrix(rho: bytes) -> list[list[Polynomial]]:
    return [[uniform(rho, column, row) for column in range(K)] for row in range(K)]


@functools.lru_cache(64)
def key_pair(d: bytes) -> tuple[bytes, tuple[tuple[int, ...], ...]]:
    """The encapsulation key and the secret vector, in the transformed domain."""
    rho, sigma = sha3_512(d + bytes([K]))
    secret = [forward(noise(sigma, i)) for i in range(K)]
    error = [forward(noise(sigma, K + i)) for i in range(K)]
    rows = matrix(rho)
    public = [total([product(rows[i][j], secret[j]) for j in range(K)] + [error[i]]) for i in range(K)]
    return b"".join(packed(one, 12) for one in public) + rho, tuple(tuple(one) for one in secret)


def encrypt(public: bytes, message: bytes, coins: bytes) -> bytes:
    t = [unpacked(public[384 * i : 384 * (i + 1)], 12) for i in range(K)]
    rows = matrix(public[1152:])
    y = [forward(noise(coins, i)) for i in range(K)]
    u = [total([inverse(total([product(rows[j][i], y[j]) for j in range(K)])), noise(coins, K + i)]) for i in range(K)]
    mu = decompress(unpacked(message, 1), 1)
    v = total([inverse(total([product(t[i], y[i]) for i in range(K)])), noise(coins, 2 * K), mu])
    return b"".join(packed(compress(one, 10), 10) for one in u) + packed(compress(v, 4), 4)


def check_public(public: bytes) -> bytes:
    if len(public) != 1184 or any(value >= Q for i in range(K) for value in unpacked(public[384 * i : 384 * (i + 1)], 12)):
        raise Refused("not an ML-KEM-768 encapsulation key")
    return public


def encapsulate(public: bytes, message: bytes) -> tuple[bytes, bytes]:
    check_public(public)
    shared, coins = sha3_512(message + hashlib.sha3_256(public).digest())
    return shared, encrypt(public, message, coins)


def decapsulate(d: bytes, z: bytes, ciphertext: bytes) -> bytes:
    public, secret = key_pair(d)
    u = [decompress(unpacked(ciphertext[320 * i : 320 * (i + 1)], 10), 10) for i in range(K)]
    v = decompress(unpacked(ciphertext[960:], 4), 4)
    masked = inverse(total([product(list(secret[i]), forward(u[i])) for i in range(K)]))
    message = packed(compress([(a - b) % Q for a, b in zip(v, masked)], 1), 1)
    shared, coins = sha3_512(message + hashlib.sha3_256(public).digest())
    if encrypt(public, message, coins) != ciphertext:
        return hashlib.shake_256(z + ciphertext).digest(32)
    return shared


# X-Wing

XWING_LABEL = b"\\.//^\\"


def _expanded(seed: bytes) -> tuple[bytes, bytes, bytes]:
    data = hashlib.shake_256(seed).digest(96)
    return data[:32], data[32:64], data[64:]


def _x25519(scalar: bytes, other: bytes) -> bytes:
    try:
        return bindings.crypto_scalarmult(scalar, other)
    except RuntimeError:  # libsodium does not give a zero result
        return bytes(32)


@functools.lru_cache(64)
def xwing_public(seed: bytes) -> bytes:
    d, _z, scalar = _expanded(seed)
    return key_pair(d)[0] + bindings.crypto_scalarmult_base(scalar)


def _combined(first: bytes, second: bytes, ciphertext: bytes, public: bytes) -> bytes:
    return hashlib.sha3_256(first + second + ciphertext + public + XWING_LABEL).digest()


def xwing_encapsulate(public: bytes, randomness: bytes) -> tuple[bytes, bytes]:
    if len(public) != 1216 or len(randomness) != 64:
        raise Refused("not an X-Wing key")
    first, ciphertext = encapsulate(public[:1184], randomness[:32])
    point = bindings.crypto_scalarmult_base(randomness[32:])
    second = _x25519(randomness[32:], public[1184:])
    return _combined(first, second, point, public[1184:]), ciphertext + point


def xwing_decapsulate(seed: bytes, ciphertext: bytes) -> bytes:
    if len(ciphertext) != 1120:
        raise Refused("not an X-Wing ciphertext")
    d, z, scalar = _expanded(seed)
    first = decapsulate(d, z, ciphertext[:1088])
    second = _x25519(scalar, ciphertext[1088:])
    return _combined(first, second, ciphertext[1088:], xwing_public(seed)[1184:])


# HPKE

SUITE = b"HPKE" + bytes.fromhex("647a00010003")


def extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), secret, "sha256")


def expand(key: bytes, info: bytes, length: int) -> bytes:
    result = block = b""
    counter = 1
    while len(result) < length:
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        result += block
        counter += 1
    return result[:length]


def _labeled_extract(salt: bytes, label: bytes, secret: bytes) -> bytes:
    return extract(salt, b"HPKE-v1" + SUITE + label + secret)


def _labeled_expand(key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info, length)


def key_schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    context = b"\x00" + _labeled_extract(b"", b"psk_id_hash", b"") + _labeled_extract(b"", b"info_hash", info)
    secret = _labeled_extract(shared, b"secret", b"")
    return _labeled_expand(secret, b"key", context, 32), _labeled_expand(secret, b"base_nonce", context, 12)


def seal_aead(key: bytes, nonce: bytes, additional: bytes, plain: bytes) -> bytes:
    return bindings.crypto_aead_chacha20poly1305_ietf_encrypt(plain, additional, nonce, key)


def open_aead(key: bytes, nonce: bytes, additional: bytes, sealed: bytes) -> bytes:
    if len(sealed) < 16:
        raise Refused("too short to open")
    try:
        return bindings.crypto_aead_chacha20poly1305_ietf_decrypt(sealed, additional, nonce, key)
    except CryptoError as error:
        raise Refused("does not open") from error


def hpke_seal(public: bytes, randomness: bytes, info: bytes, additional: bytes, plain: bytes) -> bytes:
    shared, ciphertext = xwing_encapsulate(public, randomness)
    key, nonce = key_schedule(shared, info)
    return ciphertext + seal_aead(key, nonce, additional, plain)


@functools.lru_cache(64)
def hpke_open(seed: bytes, info: bytes, additional: bytes, sealed: bytes) -> bytes:
    if len(sealed) < 1136:
        raise Refused("too short to open")
    key, nonce = key_schedule(xwing_decapsulate(seed, sealed[:1120]), info)
    return open_aead(key, nonce, additional, sealed[1120:])
