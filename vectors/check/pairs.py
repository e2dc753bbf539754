"""What became of a proposal, and checkpoints: vectors/trustchain.md."""

from __future__ import annotations

from . import canonical
from .blocks import Block, block_id, digest
from .canonical import Link, Refused

WITHDRAW = "tc/withdraw"
REFUSE = "tc/refuse"


def is_agreement(proposal: Block, answer: Block) -> bool:
    return (
        answer.link == proposal.id
        and answer.key != proposal.key
        and proposal.peer in (None, answer.key)
        and answer.peer == proposal.key
        and answer.type == proposal.type
        and canonical.encode(answer.tx) == canonical.encode(proposal.tx)
    )


def deadline_of(proposal: Block) -> int | None:
    value = proposal.tx.get("deadline") if isinstance(proposal.tx, dict) else None
    return value if type(value) is int else None


def state(proposal: Block, answers: list[Block], now: int) -> tuple[str, Link | None]:
    deadline = deadline_of(proposal)
    order = sorted(answers, key=lambda one: (one.seq, one.id.cid))
    linked = [one for one in order if one.link == proposal.id]
    for one in linked:
        if is_agreement(proposal, one) and (deadline is None or one.time <= deadline):
            return "agreed", one.id
    for one in linked:
        if one.type == REFUSE and one.key == proposal.peer and one.peer == proposal.key:
            return "refused", one.id
    if deadline is None:
        return "pending", None
    for one in linked:
        if one.type == WITHDRAW and one.key == proposal.key and one.peer == proposal.peer and one.time > deadline:
            return "withdrawn", one.id
    return ("expired" if now > deadline else "pending"), None


def checkpoint_digest(before: bytes, removed: list[Block]) -> bytes:
    order = sorted(removed, key=lambda one: (one.seq, one.id.cid))
    return digest(before + b"".join(one.id.cid for one in order))


def read_checkpoint(block: Block) -> list[tuple[bytes, int, Link, bytes]]:
    if block.type != "tc/checkpoint" or block.peer != block.key:
        raise Refused("not a checkpoint")
    chains = canonical.items(canonical.fields(block.tx, "chains")["chains"], 0, canonical.MAX_ITEMS)
    result = []
    for chain in chains:
        author, to, kept, value = canonical.items(chain, 4, 4)
        result.append(
            (canonical.octets(author, 32), canonical.integer(to, 1, 2**53 - 1), block_id(kept), canonical.octets(value, 32))
        )
    return result
