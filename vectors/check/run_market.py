"""The files market-*.json."""

from __future__ import annotations

from typing import Any

from . import canonical, kem, money, signature
from .blocks import Block, id_from_text, id_text, read_block
from .canonical import Link, Refused
from .ledger import Ledger
from .report import Report

unhex = bytes.fromhex


def judge_block(block: Block) -> money.Spend | None:
    """Reads whichever money block this is; None when it spends nothing."""
    if block.type == "market/currency":
        money.read_currency(block)
    elif block.type == "market/release":
        (money.read_release if block.link is None else money.read_receipt)(block)
    elif block.type == "market/trade" and block.link is None:
        money.read_trade(block)
    else:
        return money.read_spend(block)
    return None


def _shown(spend: money.Spend | None) -> dict[str, Any] | None:
    if spend is None:
        return None
    return {
        "kind": spend.kind,
        "currency": spend.currency if isinstance(spend.currency, str) else id_text(spend.currency),
        "n": spend.n,
        "prev": None if spend.prev is None else id_text(spend.prev),
        "claims": [
            {"id": id_text(one.id), "amount": str(one.amount), "certificate": one.certificate and one.certificate.hex()}
            for one in spend.claims
        ],
        "pay": str(spend.pay),
        "to": None if spend.to is None else spend.to.hex(),
        "balance": str(spend.balance),
        "memo": spend.memo,
    }


def check_money(report: Report, file: dict[str, Any]) -> None:
    blocks: dict[Link, Block] = {}
    for one in file["blocks"]:
        name, data = one["name"], unhex(one["bytes"])
        try:
            block = read_block(data)
            blocks[block.id] = block
            report.same(name, (id_text(block.id), _shown(judge_block(block))), (one["id"], one["spends"]))
        except Refused as error:
            report.differences.append(f"{name}: refused ({error})")
        report.refuse_changes(name, data, lambda changed: judge_block(read_block(changed)), every=3, values="one")
    for one in file["refused"]:
        block = read_block(unhex(one["bytes"]))
        report.refuse(one["name"], lambda: judge_block(block))
    opener, wrapped = unhex(file["lock"]["opener"]), unhex(file["lock"]["wrapped"])
    for block in blocks.values():
        spend = judge_block(block)
        if spend is not None and spend.kind == "hold" and spend.block.link in blocks:
            proposal = blocks[spend.block.link]
            if "terms" in proposal.tx:
                report.accept("hold fits", lambda: money.hold_fits(spend, proposal, money.read_trade(proposal)))
        if block.type == "market/release" and block.link is None:
            release = money.read_release(block)
            report.same("release", money.open_release(release, opener), wrapped)
            report.same("lock", kem.seal_aead(opener, bytes(12), release.hold.cid, wrapped), release.key)
            report.refuse_changes("opener", opener, lambda changed: money.open_release(release, changed), values="bits")


def check_statements(report: Report, file: dict[str, Any]) -> None:
    signers = tuple(unhex(one["key"]) for one in file["notaries"])
    for one in file["notaries"]:
        report.same("notary", signature.public_key(unhex(one["secretKey"])).hex(), one["key"])
    for place, one in enumerate(file["statements"]):
        currency, subject, extra = (id_from_text(one[field]) for field in ("currency", "subject", "extra"))
        assert subject is not None
        signed = money.statement(one["kind"], currency, subject, extra)
        report.same(one["name"], signed.hex(), one["signed"])
        shares: list[list[Any]] = []
        for share in one["shares"]:
            made = signature.sign(unhex(file["notaries"][share["index"]]["secretKey"]), signed)
            report.same(f"{one['name']}, a share", made.hex(), share["signature"])
            shares.append([share["index"], made])
        data = canonical.encode([one["kind"], subject, extra, shares])
        report.same(f"{one['name']}, the certificate", data.hex(), one["certificate"])
        report.accept(one["name"], lambda: bool(money.read_certificate(data, currency, signers)))

        def judge(changed: bytes) -> object:
            return money.read_certificate(changed, currency, signers)

        report.refuse_changes(one["name"], data, judge, values="all" if place == 0 else "bits")
        for name, wrong in (("a share too few", shares[:-1]), ("turned", shares[::-1]), ("one twice", [shares[0]] + shares)):
            bad = canonical.encode([one["kind"], subject, extra, wrong])
            report.refuse(f"{one['name']}, {name}", lambda: judge(bad))
        other = None if currency else subject
        report.refuse(f"{one['name']}, another currency", lambda: money.read_certificate(data, other, signers))
    for one in file["proofs"]:
        data = unhex(one["bytes"])
        try:
            kind, key = money.read_notary_proof(data)
            report.same(one["kind"], (kind, key.hex()), (one["kind"], one["key"]))
        except Refused as error:
            report.differences.append(f"{one['kind']}: refused ({error})")
        report.refuse_changes(one["kind"], data, money.read_notary_proof, values="bits")


def check_ledger(report: Report, file: dict[str, Any]) -> None:
    blocks = [read_block(unhex(one)) for one in file["blocks"]]
    certificates = [(id_from_text(one["currency"]), unhex(one["bytes"])) for one in file["certificates"]]
    for order in (1, -1):
        ledger = Ledger(blocks[::order], certificates[::order])  # type: ignore[arg-type]
        totals: dict[str, int] = {}
        for one in file["accounts"]:
            currency = one["currency"] if one["currency"] in money.GRANTS else id_from_text(one["currency"])
            assert currency is not None
            ours = ledger.account(unhex(one["key"]), currency)
            theirs = {field: int(one[field]) for field in ours}
            report.same(f"account {one['key'][:8]} in {one['currency'][:8]}", ours, theirs)
            totals[one["currency"]] = totals.get(one["currency"], 0) + ours["available"] + ours["held"]
        for currency_text, total in totals.items():
            if currency_text not in money.GRANTS:
                report.same("balances, holds and what is unclaimed", total, 0)
        for one in file["holds"]:
            hold = id_from_text(one["hold"])
            assert hold is not None
            ours = {"amount": str(ledger.spends[hold].pay), "outcome": ledger.outcomes.get(hold)}
            report.same("hold", ours, {"amount": str(one["amount"]), "outcome": one["outcome"]})
