"""Canonical dag-cbor: one value has one encoding, and the decoder refuses every other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 32
MAX_ITEMS = 65_536


class Refused(Exception):
    """Bytes or values that a rule of the pages does not let in."""


@dataclass(frozen=True, order=True)
class Link:
    """A CID in its binary form, without the zero byte that goes before it inside tag 42."""

    cid: bytes


class _Reader:
    def __init__(self, data: bytes, max_depth: int) -> None:
        self.data = data
        self.at = 0
        self.items = 0
        self.max_depth = max_depth

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise Refused("cut short")
        part = self.data[self.at : end]
        self.at = end
        return part

    def head(self) -> tuple[int, int, int]:
        """Major type, low five bits, argument in its shortest form."""
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if major == 7:
            return major, low, low
        if low < 24:
            return major, low, low
        if low > 27:
            raise Refused("an indefinite or reserved length")
        width = 1 << (low - 24)
        value = int.from_bytes(self.take(width), "big")
        least = (24, 1 << 8, 1 << 16, 1 << 32)[low - 24]
        if value < least:
            raise Refused("a number that is not in its shortest form")
        return major, low, value

    def text(self, count: int) -> str:
        try:
            return self.take(count).decode("utf-8", "strict")
        except UnicodeDecodeError as error:
            raise Refused("text that is not UTF-8") from error

    def value(self, depth: int) -> Any:
        self.items += 1
        if self.items > MAX_ITEMS:
            raise Refused("too many items")
        major, low, argument = self.head()
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self.text(argument)
        if major == 4:
            self.enter(depth, argument)
            return [self.value(depth + 1) for _ in range(argument)]
        if major == 5:
            self.enter(depth, argument)
            return self.map(argument, depth)
        if major == 6:
            return self.link(argument)
        if low == 20:
            return False
        if low == 21:
            return True
        if low == 22:
            return None
        raise Refused("a float, undefined or another simple value")

    def enter(self, depth: int, count: int) -> None:
        if depth > self.max_depth:
            raise Refused("nested too deep")
        if count > len(self.data) - self.at:
            raise Refused("cut short")

    def map(self, count: int, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        before: tuple[int, bytes] | None = None
        for _ in range(count):
            major, _low, length = self.head()
            if major != 3:
                raise Refused("a key that is not text")
            key = self.text(length)
            rank = map_rank(key)
            if before is not None and rank <= before:
                raise Refused("keys out of order or twice")
            before = rank
            result[key] = self.value(depth + 1)
        return result

    def link(self, tag: int) -> Link:
        if tag != 42:
            raise Refused("another tag than 42")
        major, _low, length = self.head()
        if major != 2:
            raise Refused("a link that is not bytes")
        body = self.take(length)
        if body[:1] != b"\x00":
            raise Refused("a link without its zero byte")
        return Link(check_cid(body[1:]))


def map_rank(key: str) -> tuple[int, bytes]:
    encoded = key.encode()
    return len(encoded), encoded


def check_cid(cid: bytes) -> bytes:
    """CIDv1 with shortest varints and a digest of the length it names; CIDv0 is 12 20 and a digest."""
    if cid[:2] == b"\x12\x20" and len(cid) == 34:
        return cid
    at = 0
    numbers: list[int] = []
    for _ in range(4):
        value = shift = 0
        while True:
            if at >= len(cid) or shift > 56:
                raise Refused("a CID cut short")
            byte = cid[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                if byte == 0 and shift > 7:
                    raise Refused("a CID with a long varint")
                break
        numbers.append(value)
    if numbers[0] != 1 or numbers[3] != len(cid) - at:
        raise Refused("not a CIDv1")
    return cid


def decode(data: bytes, max_depth: int = MAX_DEPTH) -> Any:
    reader = _Reader(data, max_depth)
    value = reader.value(1)
    if reader.at != len(data):
        raise Refused("bytes after the value")
    return value


def _encode_head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for low, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << (8 * width):
            return bytes([major << 5 | low]) + value.to_bytes(width, "big")
    raise Refused("a number above 64 bits")


def encode(value: Any) -> bytes:
    if value is None:
        return b"\xf6"
    if value is True:
        return b"\xf5"
    if value is False:
        return b"\xf4"
    if isinstance(value, int):
        return _encode_head(0, value) if value >= 0 else _encode_head(1, -1 - value)
    if isinstance(value, bytes):
        return _encode_head(2, len(value)) + value
    if isinstance(value, str):
        encoded = value.encode()
        return _encode_head(3, len(encoded)) + encoded
    if isinstance(value, Link):
        return b"\xd8\x2a" + encode(b"\x00" + value.cid)
    if isinstance(value, (list, tuple)):
        return _encode_head(4, len(value)) + b"".join(encode(one) for one in value)
    if isinstance(value, dict):
        keys = sorted(value, key=map_rank)
        return _encode_head(5, len(keys)) + b"".join(encode(key) + encode(value[key]) for key in keys)
    raise Refused(f"no dag-cbor for {type(value).__name__}")


# What readers of maps and lists ask for, each refusing what is of another shape.


def fields(value: Any, names: str, optional: str = "") -> dict[str, Any]:
    """A map with exactly the named keys; those of `optional` may be missing."""
    if not isinstance(value, dict):
        raise Refused("expected a map")
    needed = set(names.split())
    if not needed <= set(value) <= needed | set(optional.split()):
        raise Refused(f"expected the fields {names}, came {' '.join(value)}")
    return value


def integer(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise Refused(f"expected an integer of {low} to {high}")
    return value


def octets(value: Any, length: int | None = None) -> bytes:
    if not isinstance(value, bytes) or (length is not None and len(value) != length):
        raise Refused(f"expected {length if length is not None else 'some'} bytes")
    return value


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("expected text")
    return value


def items(value: Any, low: int, high: int) -> list[Any]:
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise Refused(f"expected a list of {low} to {high}")
    return value


def link(value: Any) -> Link:
    if not isinstance(value, Link):
        raise Refused("expected a link")
    return value


def version(value: Any) -> None:
    integer(value, 1, 1)
