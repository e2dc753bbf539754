"""Spending blocks, statements, certificates, proofs against notaries: vectors/market.md."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from . import canonical, kem, signature
from .blocks import Block, block_id, digest, read_core
from .canonical import Link, Refused

MAX_AMOUNT = 2**63 - 1
MAX_INTEGER = 2**53 - 1
GRANTS = {"DUM1": 1_000, "DUM2": 10_000}
LABEL = re.compile(r"[A-Z][A-Z0-9]{1,11}")
STATEMENT = b"edmp/notary/v1"
KINDS = ("spend", "ack", "none", "paid", "refund")

Currency = Link | str


@dataclass(frozen=True)
class Claim:
    id: Link
    amount: int
    certificate: bytes | None


@dataclass(frozen=True)
class Spend:
    kind: str
    block: Block
    currency: Currency
    n: int
    prev: Link | None
    claims: tuple[Claim, ...]
    pay: int
    to: bytes | None
    balance: int
    memo: str | None
    release: int = 0
    complain: int = 0
    witnesses: tuple[bytes, ...] | None = None

    @property
    def claimed(self) -> int:
        return sum(one.amount for one in self.claims)

    def grant(self) -> int:
        return GRANTS[self.currency] if isinstance(self.currency, str) else 0


def keys(value: Any, counts: tuple[int, ...]) -> tuple[bytes, ...]:
    result = tuple(canonical.octets(one, 32) for one in canonical.items(value, 0, max(counts)))
    if len(result) not in counts or len(set(result)) != len(result):
        raise Refused("another number of keys, or a key twice")
    return result


def read_currency(block: Block) -> tuple[bytes, ...]:
    """The notaries of a currency."""
    tx = canonical.fields(block.tx, "v label precision notaries")
    canonical.version(tx["v"])
    label = canonical.text(tx["label"])
    if not LABEL.fullmatch(label) or label in GRANTS or label.startswith("EW"):
        raise Refused("not a label")
    canonical.integer(tx["precision"], 0, 8)
    notaries = keys(tx["notaries"], (1, 4, 7))
    if block.type != "market/currency" or block.peer is not None or block.link is not None:
        raise Refused("not a source block of a currency")
    return notaries


def _currency(value: Any) -> Currency:
    if isinstance(value, str):
        if value not in GRANTS:
            raise Refused("not a currency")
        return value
    return block_id(value)


def _claims(value: Any, test_money: bool) -> tuple[Claim, ...]:
    result: list[Claim] = []
    for one in canonical.items(value, 0, 64):
        parts = canonical.items(one, 2, 3 if test_money else 2)
        certificate = canonical.octets(parts[2]) if len(parts) == 3 else None
        claim = Claim(block_id(parts[0]), canonical.integer(parts[1], 1, MAX_AMOUNT), certificate)
        if result and result[-1].id.cid >= claim.id.cid:
            raise Refused("claims out of order or twice")
        result.append(claim)
    return tuple(result)


def _memo(value: Any) -> str:
    memo = canonical.text(value)
    if not 1 <= len(memo) <= 64 or any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in memo):
        raise Refused("not one displayable line")
    return memo


def read_spend(block: Block) -> Spend:
    """A spending block by itself; whether it follows the one before is for the ledger."""
    answers = block.link is not None
    kind = {"market/transfer": "transfer", "market/claim": "claim", "market/trade": "hold"}.get(block.type)
    if kind is None or answers != (kind == "hold"):
        raise Refused("not a spending block")
    names = {"transfer": "v money", "claim": "v money", "hold": "v money release complain"}[kind]
    tx = canonical.fields(block.tx, names, {"transfer": "memo", "claim": "", "hold": "witnesses"}[kind])
    canonical.version(tx["v"])
    money = canonical.fields(tx["money"], "currency n prev claims pay to balance")
    currency = _currency(money["currency"])
    test_money = isinstance(currency, str)
    n = canonical.integer(money["n"], 1, MAX_INTEGER)
    prev = None if money["prev"] is None else block_id(money["prev"])
    if (prev is None) != (n == 1):
        raise Refused("prev is null exactly at number 1")
    claims = _claims(money["claims"], test_money)
    pay = canonical.integer(money["pay"], 0, MAX_AMOUNT)
    to = None if money["to"] is None else canonical.octets(money["to"], 32)
    balance = canonical.integer(money["balance"], 0 if test_money else -MAX_AMOUNT, MAX_AMOUNT)
    if kind == "claim":
        if pay or to is not None or not claims or block.peer != block.key:
            raise Refused("a claim is to oneself, pays nothing and claims something")
    elif pay == 0 or to is None or to != block.peer or to == block.key:
        raise Refused("a payment goes to the block's peer")
    terms: dict[str, Any] = {}
    if kind == "hold":
        terms = {name: canonical.integer(tx[name], 0, MAX_INTEGER) for name in ("release", "complain")}
        if terms["release"] >= terms["complain"] or ("witnesses" in tx) != test_money:
            raise Refused("not a hold")
        terms["witnesses"] = keys(tx["witnesses"], (0, 1, 4)) if test_money else None
    memo = _memo(tx["memo"]) if "memo" in tx else None
    return Spend(kind, block, currency, n, prev, claims, pay, to, balance, memo, **terms)


def follows(spend: Spend, before: Spend | None, issuer: bool) -> bool:
    """Whether number, link and balance are those that come after `before`."""
    stands = before.balance if before else spend.grant()
    if spend.n != (before.n if before else 0) + 1 or spend.prev != (before.block.id if before else None):
        return False
    return spend.balance == stands + spend.claimed - spend.pay and (issuer or spend.balance >= 0)


# The blocks of a trade


@dataclass(frozen=True)
class Terms:
    id: bytes
    seller: bytes
    buyer: bytes
    asset: str
    suite: str
    recipient: bytes
    root: bytes
    amount: int
    currency: Currency
    deadlines: dict[str, int]
    witnesses: tuple[bytes, ...] | None


TERMS = "v ask bid seller buyer asset quantity price amount deadlines suite recipient nonce"


def read_trade(block: Block) -> Terms:
    tx = canonical.fields(block.tx, "v terms root")
    canonical.version(tx["v"])
    data = canonical.octets(tx["terms"])
    value = canonical.fields(canonical.decode(data), TERMS, "witnesses")
    canonical.version(value["v"])
    price = canonical.fields(value["price"], "amount currency per")
    currency = _currency(price["currency"])
    test_money = isinstance(currency, str)
    if ("witnesses" in value) != test_money:
        raise Refused("witnesses are for test money")
    deadlines = canonical.fields(value["deadlines"], "accept release complain")
    for name in ("ask", "bid"):
        block_id(value[name])
    canonical.octets(value["nonce"], 16)
    for number in (value["quantity"], price["amount"], price["per"]):
        canonical.integer(number, 1, MAX_AMOUNT)
    terms = Terms(
        digest(data),
        canonical.octets(value["seller"], 32),
        canonical.octets(value["buyer"], 32),
        canonical.text(value["asset"]),
        canonical.text(value["suite"]),
        canonical.octets(value["recipient"], 32),
        canonical.octets(tx["root"], 32),
        canonical.integer(value["amount"], 1, MAX_AMOUNT),
        currency,
        {name: canonical.integer(one, 0, MAX_INTEGER) for name, one in deadlines.items()},
        keys(value["witnesses"], (0, 1, 4)) if test_money else None,
    )
    if block.type != "market/trade" or block.link is not None or (block.key, block.peer) != (terms.seller, terms.buyer):
        raise Refused("not a trade proposal of the seller to the buyer")
    return terms


def hold_fits(hold: Spend, proposal: Block, terms: Terms) -> bool:
    return (
        hold.kind == "hold"
        and hold.block.link == proposal.id
        and (hold.block.key, hold.to) == (terms.buyer, terms.seller)
        and (hold.currency, hold.pay, hold.witnesses) == (terms.currency, terms.amount, terms.witnesses)
        and (hold.release, hold.complain) == (terms.deadlines["release"], terms.deadlines["complain"])
    )


@dataclass(frozen=True)
class Release:
    hold: Link
    suite: str
    key: bytes
    lock: bytes


def read_release(block: Block) -> Release:
    tx = canonical.fields(block.tx, "v hold suite key lock")
    canonical.version(tx["v"])
    if block.type != "market/release" or block.link is not None:
        raise Refused("not a release")
    key, lock = canonical.octets(tx["key"]), canonical.octets(tx["lock"], 32)
    return Release(block_id(tx["hold"]), canonical.text(tx["suite"]), key, lock)


def read_receipt(block: Block) -> Link:
    tx = canonical.fields(block.tx, "v hold")
    canonical.version(tx["v"])
    if block.type != "market/release" or block.link is None:
        raise Refused("not a receipt")
    return block_id(tx["hold"])


def open_release(release: Release, opener: bytes) -> bytes:
    if digest(canonical.octets(opener, 32)) != release.lock:
        raise Refused("an opener of another lock")
    return kem.open_aead(opener, bytes(12), release.hold.cid, release.key)


# Statements


def statement(kind: str, currency: Link | None, subject: Link, extra: Link | None) -> bytes:
    if kind not in KINDS or (extra is not None) != (kind == "ack"):
        raise Refused("not a statement")
    return STATEMENT + digest(canonical.encode([kind, currency, subject, extra]))


def quorum(count: int) -> int:
    return 2 * ((count - 1) // 3) + 1


@dataclass(frozen=True)
class Certificate:
    kind: str
    subject: Link
    extra: Link | None


def read_certificate(data: bytes, currency: Link | None, signers: tuple[bytes, ...]) -> Certificate:
    kind, subject, extra, shares = canonical.items(canonical.decode(data), 4, 4)
    signed = statement(
        canonical.text(kind), currency, block_id(subject), None if extra is None else block_id(extra)
    )
    if kind == "spend" and currency is None:
        raise Refused("nobody certifies spends of test money")
    before = -1
    for share in canonical.items(shares, quorum(len(signers)), len(signers)):
        index, value = canonical.items(share, 2, 2)
        before = canonical.integer(index, before + 1, len(signers) - 1)
        if not signature.verified(signers[before], signed, canonical.octets(value, 64)):
            raise Refused("a signature that does not verify")
    return Certificate(kind, subject, extra)


def read_notary_proof(data: bytes) -> tuple[str, bytes]:
    """The kind and the key that it convicts."""
    value = canonical.decode(data)
    if not isinstance(value, dict):
        raise Refused("expected a map")
    if value.get("kind") == "two-spends":
        value = canonical.fields(value, "v kind key currency signatures cores")
        currency = block_id(value["currency"])
        spends = [read_spend(read_core(canonical.octets(one))) for one in canonical.items(value["cores"], 2, 2)]
        first, second = spends
        if first.block.id.cid >= second.block.id.cid or first.block.key != second.block.key or first.n != second.n:
            raise Refused("not two spends of one number")
        if any(one.currency != currency for one in spends):
            raise Refused("another currency")
        signed = [statement("spend", currency, one.block.id, None) for one in spends]
    elif value.get("kind") in ("ack-and-none", "paid-and-refund"):
        value = canonical.fields(value, "v kind key currency signatures hold release")
        one_currency = None if value["currency"] is None else block_id(value["currency"])
        release = None if value["release"] is None else block_id(value["release"])
        hold = block_id(value["hold"])
        if value["kind"] == "paid-and-refund" and release is not None:
            raise Refused("a release without an ack")
        signed = [
            statement(kind, one_currency, hold, release if kind == "ack" else None) for kind in value["kind"].split("-and-")
        ]
    else:
        raise Refused("a proof of another kind")
    canonical.version(value["v"])
    key = canonical.octets(value["key"], 32)
    for one_signed, one in zip(signed, canonical.items(value["signatures"], 2, 2)):
        if not signature.verified(key, one_signed, canonical.octets(one, 64)):
            raise Refused("a signature that does not verify")
    return value["kind"], key
