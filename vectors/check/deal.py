"""Deal files: vectors/settlement.md. No golden deal file exists, so nothing runs this yet but its own shape."""

from __future__ import annotations

from typing import Any

from . import canonical
from .blocks import digest
from .canonical import Refused

BLOCKS = "currency ask bid proposal hold release receipt"


def _bytes_or_null(value: Any) -> None:
    if value is not None:
        canonical.octets(value)


def read_deal(data: bytes) -> dict[str, Any]:
    value = canonical.fields(canonical.decode(data), "v kind blocks certificates complaint lie sum")
    canonical.integer(value["v"], 3, 3)
    if value["kind"] != "edmp/deal":
        raise Refused("not a deal file")
    for one in canonical.fields(value["blocks"], BLOCKS).values():
        _bytes_or_null(one)
    certificates = canonical.fields(value["certificates"], "spend acks outcome")
    for name in ("spend", "outcome"):
        _bytes_or_null(certificates[name])
    for name, names in (("complaint", "recipientKey opener proof"), ("lie", "recipientKey opener proof signature")):
        if value[name] is not None:
            for one in canonical.fields(value[name], names).values():
                canonical.octets(one)
    without = {name: one for name, one in value.items() if name != "sum"}
    if canonical.octets(value["sum"], 32) != digest(canonical.encode(without)):
        raise Refused("another sum")
    return value
