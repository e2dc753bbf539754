"""Chunks, sealed delivery, proofs of misbehaviour, complaints: vectors/settlement.md."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from . import canonical, kem, money, signature
from .blocks import digest, id_of, id_text, read_block
from .canonical import Refused

WIDTHS = {"PT1M": 4, "PT5M": 4, "PT15M": 5, "PT30M": 5, "PT1H": 5, "P1D": 6}
MAX_CHUNK = 49_152
MAX_PROOF = 53_248
HEADER = 11
LONGEST_DAY = 25 * 60


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


# Chunks


@dataclass(frozen=True)
class Chunk:
    width: int
    values: list[int | None]
    quality: bytes
    gaps_before: int
    offset: int

    @property
    def gaps(self) -> int:
        return self.values.count(None)


def read_chunk(data: bytes) -> Chunk:
    if not HEADER < len(data) <= MAX_CHUNK or data[0] >> 4 != 2 or data[0] & 15 not in (4, 5, 6):
        raise Refused("not a chunk")
    width = data[0] & 15
    count = int.from_bytes(data[1:5], "big")
    if count < 1 or len(data) != HEADER + width * count:
        raise Refused("another length than its intervals")
    values: list[int | None] = []
    quality = bytearray()
    for at in range(HEADER, len(data), width):
        slot = int.from_bytes(data[at : at + width], "big")
        value, code, gap = slot & (1 << 8 * width - 4) - 1, slot >> 8 * width - 4 & 7, slot >> 8 * width - 1
        if code > 5 or (gap and value):
            raise Refused("an impossible interval")
        values.append(None if gap else value)
        quality.append(code)
    return Chunk(width, values, bytes(quality), int.from_bytes(data[5:9], "big"), int.from_bytes(data[9:11], "big"))


def write_chunk(chunk: Chunk) -> bytes:
    shift = 8 * chunk.width - 4
    slots = [
        (8 << shift if value is None else value) | code << shift for value, code in zip(chunk.values, chunk.quality)
    ]
    header = bytes([0x20 | chunk.width]) + u32(len(slots)) + u32(chunk.gaps_before) + chunk.offset.to_bytes(2, "big")
    return header + b"".join(slot.to_bytes(chunk.width, "big") for slot in slots)


# Trees (RFC 9162, section 2.1)


def leaf_hash(leaf: bytes) -> bytes:
    return digest(b"\x00" + leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    return digest(b"\x01" + left + right)


def tree_hash(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(tree_hash(leaves[:half]), tree_hash(leaves[half:]))


def inside(root: bytes, leaf: bytes, index: int, size: int, path: bytes) -> bool:
    if not 0 <= index < size or len(path) % 32:
        return False
    at, last, value = index, size - 1, leaf_hash(leaf)
    for start in range(0, len(path), 32):
        sibling = path[start : start + 32]
        if last == 0:
            return False
        if at & 1 or at == last:
            value = node_hash(sibling, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and value == root


# Dataset and delivery


def salt(seed: bytes, index: int) -> bytes:
    return kem.expand(kem.extract(b"", seed), b"edmp/leaf-salt/v1" + u32(index), 16)


def body_digest(index: int, one_salt: bytes, body: bytes) -> bytes:
    return digest(b"edmp/chunk-body/v1" + u32(index) + one_salt + body)


def data_leaf(index: int, header: bytes, body: bytes) -> bytes:
    return digest(b"edmp/data-leaf/v1" + u32(index) + header + body)


def leaf_of_chunk(index: int, one_salt: bytes, chunk: bytes) -> bytes:
    return data_leaf(index, chunk[:HEADER], body_digest(index, one_salt, chunk[HEADER:]))


def chunk_key(content_key: bytes, index: int) -> bytes:
    return kem.expand(kem.extract(b"", content_key), b"edmp/chunk-key/v1" + u32(index), 32)


def commitment(index: int, key: bytes) -> bytes:
    return digest(b"edmp/key-commit/v1" + u32(index) + key)


def sealing_data(context: bytes, index: int, count: int) -> bytes:
    return context + u32(index) + u32(count)


def shared_context(asset: str) -> bytes:
    return digest(b"edmp/shared-seal/v1" + asset.encode())


def raw_cid(block: bytes) -> bytes:
    return bytes.fromhex("01551220") + digest(block)


def asset_of(document: bytes) -> str:
    return "EW" + id_text(id_of(document))


DESCRIPTOR = (
    "attestation cell commodity consent count flow from gaps household licence pseudonym purposes step title to unit"
    " verified zone"
)


@dataclass(frozen=True)
class Document:
    data_root: bytes
    chunks: int
    count: int
    gaps: int
    width: int

    def first(self, index: int) -> int:
        return index * self.count // self.chunks


def read_document(data: bytes) -> Document:
    value = canonical.fields(canonical.decode(data), "v descriptor dataRoot chunks")
    canonical.version(value["v"])
    descriptor = canonical.fields(value["descriptor"], DESCRIPTOR)
    step = canonical.text(descriptor["step"])
    if step not in WIDTHS:
        raise Refused("another step")
    count = canonical.integer(descriptor["count"], 1, 2**32 - 1)
    width = WIDTHS[step]
    a_chunk = 16_000 // width
    chunks = canonical.integer(value["chunks"], 1, 9_900)
    if chunks != min(9_900, -(-count // a_chunk)):
        raise Refused("another number of chunks")
    gaps = canonical.integer(descriptor["gaps"], 0, count)
    return Document(canonical.octets(value["dataRoot"], 32), chunks, count, gaps, width)


def wrap_info(trade: bytes) -> bytes:
    return b"edmp/key-wrap/v1" + trade


# Proofs of misbehaviour


@dataclass(frozen=True)
class Facts:
    trade: bytes
    asset: str
    seller: bytes
    buyer: bytes
    suite: str
    recipient_key: bytes
    document: bytes
    root: bytes
    wrapped_key: bytes


@dataclass(frozen=True)
class Check:
    index: int
    leaf: bytes
    path: bytes

    @property
    def sealed_digest(self) -> bytes:
        return self.leaf[:32]

    @property
    def data_leaf(self) -> bytes:
        return self.leaf[32:64]

    @property
    def commitment(self) -> bytes:
        return self.leaf[64:]


def _check(value: Any) -> Check:
    value = canonical.fields(value, "index leaf path")
    index = canonical.integer(value["index"], 0, 2**32 - 1)
    return Check(index, canonical.octets(value["leaf"], 96), canonical.octets(value["path"]))


def _wrong_key(value: dict[str, Any], facts: Facts, document: Document) -> bool:
    value = canonical.fields(value, "v kind secret check")
    secret = canonical.octets(value["secret"], 32)
    check = None if value["check"] is None else _check(value["check"])
    if kem.xwing_public(secret) != facts.recipient_key:
        return False
    try:
        content_key = canonical.octets(kem.hpke_open(secret, wrap_info(facts.trade), facts.root, facts.wrapped_key), 32)
    except Refused:
        return True
    if check is None or not inside(facts.root, check.leaf, check.index, document.chunks, check.path):
        return False
    return commitment(check.index, chunk_key(content_key, check.index)) != check.commitment


def _wrong_data(value: dict[str, Any], facts: Facts, document: Document) -> bool:
    value = canonical.fields(value, "v kind check ciphertext key")
    check = _check(value["check"])
    ciphertext, key = canonical.octets(value["ciphertext"]), canonical.octets(value["key"], 32)
    if not inside(facts.root, check.leaf, check.index, document.chunks, check.path):
        return False
    if digest(ciphertext) != check.sealed_digest or commitment(check.index, key) != check.commitment:
        return False
    for context in (facts.trade, shared_context(facts.asset)):
        try:
            plain = kem.open_aead(key, bytes(12), sealing_data(context, check.index, document.chunks), ciphertext)
        except Refused:
            continue
        if leaf_of_chunk(check.index, plain[:16], plain[16:]) == check.data_leaf:
            return False
    return True


def _wrong_description(value: dict[str, Any], document: Document) -> bool:
    value = canonical.fields(value, "v kind index salt chunk path next")
    index, data = canonical.integer(value["index"], 0, 2**32 - 1), canonical.octets(value["chunk"])
    following = value["next"]
    if following is not None:
        following = canonical.fields(following, "header body path")
        header, body = canonical.octets(following["header"], HEADER), canonical.octets(following["body"], 32)
        canonical.octets(following["path"])
    leaf = leaf_of_chunk(index, canonical.octets(value["salt"], 16), data)
    if not inside(document.data_root, leaf, index, document.chunks, canonical.octets(value["path"])):
        return False
    try:
        chunk = read_chunk(data)
    except Refused:
        return True
    if chunk.width != document.width or len(chunk.values) != document.first(index + 1) - document.first(index):
        return True
    if chunk.offset >= LONGEST_DAY or (index and chunk.offset):
        return True
    until = chunk.gaps_before + chunk.gaps
    last = index == document.chunks - 1
    if until > document.gaps or (last and until != document.gaps):
        return True
    if following is None or not inside(
        document.data_root, data_leaf(index + 1, header, body), index + 1, document.chunks, following["path"]
    ):
        return False
    return int.from_bytes(header[5:9], "big") != until


PROOFS = ("wrong-key", "wrong-data", "wrong-description")


def proof_kind(proof: bytes) -> str:
    try:
        value = canonical.decode(proof)
    except Refused:
        return "malformed"
    return value["kind"] if isinstance(value, dict) and value.get("kind") in PROOFS else "malformed"


def guilty(proof: bytes, facts: Facts) -> bool:
    """Whether the seller is: whatever is not founded is not."""
    try:
        if len(proof) > MAX_PROOF or facts.suite != "x-wing" or asset_of(facts.document) != facts.asset:
            return False
        value = canonical.decode(proof)
        if not isinstance(value, dict):
            return False
        canonical.version(value.get("v"))
        document = read_document(facts.document)
        if value.get("kind") == "wrong-key":
            return _wrong_key(value, facts, document)
        if value.get("kind") == "wrong-data":
            return _wrong_data(value, facts, document)
        return value.get("kind") == "wrong-description" and _wrong_description(value, document)
    except Refused:
        return False


# Complaints


def complaint_message(facts: Facts, proof: bytes) -> bytes:
    value = {
        "v": 1,
        "kind": "complaint",
        "tradeId": facts.trade,
        "asset": facts.asset,
        "seller": facts.seller,
        "buyer": facts.buyer,
        "suite": facts.suite,
        "recipientKey": facts.recipient_key,
        "document": digest(facts.document),
        "settlementRoot": facts.root,
        "wrappedKey": facts.wrapped_key,
        "proof": digest(proof),
    }
    return b"edmp/complaint/v1" + digest(canonical.encode(value))


@dataclass(frozen=True)
class Complaint:
    facts: Facts
    proof: bytes
    signature: bytes


def read_complaint(hold_bytes: bytes, value: Any) -> Complaint:
    """A complaint whose blocks are signed and fit each other and the opened release."""
    value = canonical.fields(value, "kind proposal release opener recipientKey document proof signature")
    if value["kind"] != "proof":
        raise Refused("a complaint of another kind")
    proposal, hold_block = read_block(canonical.octets(value["proposal"])), read_block(hold_bytes)
    terms, hold = money.read_trade(proposal), money.read_spend(hold_block)
    if not money.hold_fits(hold, proposal, terms):
        raise Refused("a hold for another proposal")
    release_block = read_block(canonical.octets(value["release"]))
    release = money.read_release(release_block)
    if release.hold != hold_block.id or release.suite != terms.suite:
        raise Refused("a release of another hold")
    if (release_block.key, release_block.peer) != (terms.seller, terms.buyer):
        raise Refused("a release of another's")
    recipient_key, document = canonical.octets(value["recipientKey"]), canonical.octets(value["document"])
    if digest(recipient_key) != terms.recipient or asset_of(document) != terms.asset:
        raise Refused("another key or document than the terms name")
    wrapped = money.open_release(release, canonical.octets(value["opener"], 32))
    facts = Facts(
        terms.id, terms.asset, terms.seller, terms.buyer, terms.suite, recipient_key, document, terms.root, wrapped
    )
    return Complaint(facts, canonical.octets(value["proof"]), canonical.octets(value["signature"], 64))


def known_proof(proof: bytes) -> bool:
    """Whether this judge may say of a proof that it is unfounded: not of one that is newer than itself."""
    if len(proof) > MAX_PROOF:
        return False
    try:
        value = canonical.decode(proof)
    except Refused:
        return True
    if not isinstance(value, dict):
        return True
    return type(value.get("v")) is int and value["v"] == 1 and value.get("kind") in PROOFS


def buyer_guilty(data: bytes) -> bool:
    try:
        value = canonical.fields(canonical.decode(data), "v kind hold complaint")
        canonical.version(value["v"])
        if value["kind"] != "false-complaint":
            return False
        complaint = read_complaint(canonical.octets(value["hold"]), value["complaint"])
    except Refused:
        return False
    facts, proof = complaint.facts, complaint.proof
    if facts.suite != "x-wing" or not known_proof(proof):
        return False
    if not signature.verified(facts.buyer, complaint_message(facts, proof), complaint.signature):
        return False
    return not guilty(proof, facts)


# Spot checks


def drawn(seed: bytes, count: int, wanted: int) -> list[int]:
    limit = 2**32 // count * count
    found: set[int] = set()
    counter = 0
    while len(found) < wanted:
        number = int.from_bytes(hashlib.sha256(b"edmp/spot-check/v1" + seed + u32(counter)).digest()[:4], "big")
        counter += 1
        if number < limit:
            found.add(number % count)
    return sorted(found)


def spot_check_fits(document: Document, answer: bytes, indices: list[int]) -> bool:
    entries = canonical.items(canonical.decode(answer), len(indices), len(indices))
    for index, entry in zip(indices, entries):
        entry = canonical.fields(entry, "index salt chunk path")
        path = b"".join(canonical.octets(one, 32) for one in canonical.items(entry["path"], 0, 32))
        chunk = canonical.octets(entry["chunk"])
        read_chunk(chunk)
        leaf = leaf_of_chunk(index, canonical.octets(entry["salt"], 16), chunk)
        if entry["index"] != index or not inside(document.data_root, leaf, index, document.chunks, path):
            return False
    return True


def cid_text(cid: bytes) -> str:
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")
