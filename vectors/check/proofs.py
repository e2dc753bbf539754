"""Fraud proofs: vectors/trustchain.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import canonical
from .blocks import Block, id_of, read_block
from .canonical import Link, Refused
from .pairs import REFUSE, is_agreement

SlotRule = Callable[[Block], object]


@dataclass(frozen=True)
class Proof:
    kind: str
    author: bytes
    id: Link


def _ascending(first: Block, second: Block) -> bool:
    return first.id.cid < second.id.cid


def _fork(blocks: list[Block]) -> bytes:
    first, second = blocks
    if first.key != second.key or first.seq != second.seq or not _ascending(first, second):
        raise Refused("no fork")
    return first.key


def _hash_link(blocks: list[Block]) -> bytes:
    first, second = blocks
    follows = second.seq == first.seq + 1
    if first.key != second.key or follows == (second.prev == first.id):
        raise Refused("no broken hash link")
    return first.key


def _slot(blocks: list[Block], rules: dict[str, SlotRule]) -> bytes:
    first, second = blocks
    if first.type not in rules or second.type not in rules:
        raise Refused("a type whose slots nobody here knows")
    slots = [rules[one.type](one) for one in blocks]
    if slots[0] is None or canonical.encode(slots[0]) != canonical.encode(slots[1]):
        raise Refused("two slots")
    if first.key != second.key or first.seq == second.seq or not _ascending(first, second):
        raise Refused("no slot used twice")
    return first.key


def _double_answer(blocks: list[Block]) -> bytes:
    proposal, first, second = blocks
    if proposal.peer is None or proposal.peer == proposal.key or not _ascending(first, second):
        raise Refused("no double answer")
    for one in (first, second):
        refusal = one.type == REFUSE and one.link == proposal.id and one.peer == proposal.key
        if one.key != proposal.peer or not (refusal or is_agreement(proposal, one)):
            raise Refused("not an answer of the peer")
    return proposal.peer


def read_proof(data: bytes, rules: dict[str, SlotRule]) -> Proof:
    value = canonical.fields(canonical.decode(data), "v kind blocks")
    canonical.version(value["v"])
    kind = canonical.text(value["kind"])
    count = {"fork": 2, "hash-link": 2, "slot": 2, "double-answer": 3}.get(kind)
    if count is None:
        raise Refused("a proof of another kind")
    blocks = [read_block(canonical.octets(one)) for one in canonical.items(value["blocks"], count, count)]
    if kind == "fork":
        author = _fork(blocks)
    elif kind == "hash-link":
        author = _hash_link(blocks)
    elif kind == "slot":
        author = _slot(blocks, rules)
    else:
        author = _double_answer(blocks)
    return Proof(kind, author, id_of(canonical.encode([kind, [one.id for one in blocks]])))
