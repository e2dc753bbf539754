"""Half blocks: docs/protocol, vectors/trustchain.md."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

from . import canonical, signature
from .canonical import Link, Refused

MAX_CORE = 65_536
MAX_INTEGER = 2**53 - 1
LABEL = b"edmp/half-block/v1"
TYPE = re.compile(r"[a-z0-9/_.-]{1,64}")
KEYS = "v tx key seq link peer prev time type"
ID_PREFIX = bytes.fromhex("01711220")


@dataclass(frozen=True)
class Block:
    """A half block that obeys its format; `bytes` are those of the signed block, empty when only the core was read."""

    core: bytes
    id: Link
    tx: Any
    key: bytes
    seq: int
    link: Link | None
    peer: bytes | None
    prev: Link | None
    time: int
    type: str
    bytes: bytes


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def id_of(core: bytes) -> Link:
    return Link(ID_PREFIX + digest(core))


def block_id(value: Any) -> Link:
    link = canonical.link(value)
    if len(link.cid) != 36 or link.cid[:4] != ID_PREFIX:
        raise Refused("expected the id of a block")
    return link


def id_text(link: Link) -> str:
    return "b" + base64.b32encode(link.cid).decode().lower().rstrip("=")


def id_from_text(text: str | None) -> Link | None:
    if text is None:
        return None
    body = text[1:].upper()
    return Link(base64.b32decode(body + "=" * (-len(body) % 8)))


def read_core(core: bytes) -> Block:
    if len(core) > MAX_CORE:
        raise Refused("a core that is too long")
    value = canonical.fields(canonical.decode(core), KEYS)
    canonical.version(value["v"])
    seq = canonical.integer(value["seq"], 1, MAX_INTEGER)
    kind = canonical.text(value["type"])
    if not TYPE.fullmatch(kind):
        raise Refused("a type of other characters")
    link = None if value["link"] is None else block_id(value["link"])
    prev = None if value["prev"] is None else block_id(value["prev"])
    if (prev is None) != (seq == 1):
        raise Refused("prev is null exactly at position 1")
    if kind in ("tc/refuse", "tc/withdraw") and link is None:
        raise Refused("an answer to nothing")
    return Block(
        core=core,
        id=id_of(core),
        tx=value["tx"],
        key=canonical.octets(value["key"], 32),
        seq=seq,
        link=link,
        peer=None if value["peer"] is None else canonical.octets(value["peer"], 32),
        prev=prev,
        time=canonical.integer(value["time"], 0, MAX_INTEGER),
        type=kind,
        bytes=b"",
    )


def message(core: bytes) -> bytes:
    return LABEL + digest(core)


def read_block(data: bytes) -> Block:
    """A signed block, its signature verified."""
    if len(data) < 68 or data[0] != 0x82 or data[-66:-64] != b"\x58\x40":
        raise Refused("not a signed block")
    core, signed = data[1:-66], data[-64:]
    block = read_core(core)
    if not signature.verified(block.key, message(core), signed):
        raise Refused("a signature that does not verify")
    return replace(block, bytes=data)
