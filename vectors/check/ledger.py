"""The ledger fold: vectors/market.md."""

from __future__ import annotations

from . import money
from .blocks import Block
from .canonical import Link, Refused
from .money import Spend


class Ledger:
    """Accounts from what is known, in whatever order it came."""

    def __init__(self, blocks: list[Block], certificates: list[tuple[Link, bytes]]) -> None:
        self.chains: dict[bytes, dict[int, Block]] = {}
        self.spends: dict[Link, Spend] = {}
        self.currencies: dict[Link, tuple[bytes, tuple[bytes, ...]]] = {}
        for block in blocks:
            self.chains.setdefault(block.key, {})[block.seq] = block
            if block.type == "market/currency":
                self.currencies[block.id] = (block.key, money.read_currency(block))
            elif block.type in ("market/transfer", "market/claim") or (block.type == "market/trade" and block.link):
                self.spends[block.id] = money.read_spend(block)
        self.outcomes: dict[Link, str] = {}
        self.counted: set[Link] = set()
        certified: list[Link] = []
        for currency, data in certificates:
            certificate = money.read_certificate(data, currency, self.currencies[currency][1])
            if certificate.kind == "spend":
                certified.append(certificate.subject)
            elif certificate.kind in ("paid", "none", "refund"):
                self.outcomes[certificate.subject] = certificate.kind
        for subject in certified:
            self._count_back(subject)
        for key in self.chains:
            self._count_test_money(key)

    def _count_back(self, subject: Link) -> None:
        line: list[Spend] = []
        at: Link | None = subject
        while at is not None:
            if at not in self.spends:
                return
            line.insert(0, self.spends[at])
            at = line[0].prev
        before = None
        for spend in line:
            assert isinstance(spend.currency, Link)
            if not money.follows(spend, before, self.currencies[spend.currency][0] == spend.block.key):
                raise Refused("a certified spend that does not follow")
            before = spend
        self.counted |= {spend.block.id for spend in line}

    def _count_test_money(self, key: bytes) -> None:
        last: dict[str, Spend] = {}
        receipts: set[Link] = set()
        block, before = self.chains[key].get(1), None
        while block is not None and (before is None or block.prev == before.id):
            if block.type == "market/release" and block.link is not None:
                receipts.add(money.read_receipt(block))
            spend = self.spends.get(block.id)
            if spend is not None and isinstance(spend.currency, str):
                if not money.follows(spend, last.get(spend.currency), False) or not self._takes_back(spend, receipts):
                    return
                last[spend.currency] = spend
                self.counted.add(block.id)
            before, block = block, self.chains[key].get(block.seq + 1)
        for hold in receipts & self.counted:
            if isinstance(self.spends[hold].currency, str):
                self.outcomes.setdefault(hold, "paid")

    def _takes_back(self, spend: Spend, receipts: set[Link]) -> bool:
        for claim in spend.claims:
            hold = self.spends.get(claim.id)
            if hold is None or hold.kind != "hold" or claim.id not in self.counted or hold.block.key != spend.block.key:
                return False
            if claim.amount != hold.pay or claim.id in self.outcomes or claim.id in receipts:
                return False
            assert hold.witnesses is not None
            if hold.witnesses:
                certificate = money.read_certificate(claim.certificate or b"", None, hold.witnesses)
                if certificate.subject != claim.id or certificate.kind not in ("none", "refund"):
                    return False
                self.outcomes[claim.id] = certificate.kind
            elif spend.block.time < hold.complain:
                return False
            else:
                self.outcomes[claim.id] = "refund"
        return True

    def account(self, key: bytes, currency: money.Currency) -> dict[str, int]:
        mine = [one for one in self.spends.values() if one.block.key == key and one.currency == currency]
        counted = sorted((one for one in mine if one.block.id in self.counted), key=lambda one: one.n)
        grant = money.GRANTS[currency] if isinstance(currency, str) else 0
        balance = counted[-1].balance if counted else grant
        claimed = {claim.id for one in counted for claim in one.claims}
        result = {"balance": balance, "available": balance, "held": 0, "pending": 0, "earned": 0}
        result["n"] = max((one.n for one in mine), default=0)
        result["certified"] = counted[-1].n if counted else 0
        for spend in self.spends.values():
            if spend.currency != currency or spend.block.id not in self.counted or spend.kind == "claim":
                continue
            self._add(result, key, spend, spend.block.id in claimed)
        return result

    def _add(self, result: dict[str, int], key: bytes, spend: Spend, claimed: bool) -> None:
        outcome = "paid" if spend.kind == "transfer" else self.outcomes.get(spend.block.id)
        if outcome is None:
            result["held"] += spend.pay if spend.block.key == key else 0
            result["pending"] += spend.pay if spend.to == key else 0
        elif (spend.to if outcome == "paid" else spend.block.key) == key:
            if outcome == "paid" and isinstance(spend.currency, str):
                result["earned"] += spend.pay
            elif not claimed:
                result["available"] += spend.pay
