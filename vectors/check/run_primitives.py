"""ML-KEM, X-Wing and HPKE by the vectors of others, since the pages build on them."""

from __future__ import annotations

from typing import Any

from . import kem
from .report import Report

unhex = bytes.fromhex


def check_ml_kem(report: Report, file: dict[str, Any]) -> None:
    for one in file["keyGen"][:10]:
        report.same(f"keyGen {one['tcId']}", kem.key_pair(unhex(one["d"]))[0].hex(), one["ek"])
    for one in file["encapsulation"][:10]:
        shared, ciphertext = kem.encapsulate(unhex(one["ek"]), unhex(one["m"]))
        report.same(f"encapsulation {one['tcId']}", (shared.hex(), ciphertext.hex()), (one["k"], one["c"]))
    for one in file["encapsulationKeyCheck"]:
        judge = report.accept if one["testPassed"] else report.refuse
        judge(f"encapsulation key {one['tcId']}", lambda: bool(kem.check_public(unhex(one["ek"]))))


def check_x_wing(report: Report, file: list[dict[str, Any]]) -> None:
    for one in file:
        seed, public, ciphertext = unhex(one["seed"]), unhex(one["pk"]), unhex(one["ct"])
        report.same("public key", kem.xwing_public(seed), public)
        shared = unhex(one["ss"])
        report.same("encapsulation", kem.xwing_encapsulate(public, unhex(one["eseed"])), (shared, ciphertext))
        report.same("decapsulation", kem.xwing_decapsulate(seed, ciphertext), shared)


def check_hpke(report: Report, file: list[dict[str, Any]]) -> None:
    for one in file:
        shared = kem.xwing_decapsulate(unhex(one["skRm"]), unhex(one["enc"]))
        key, nonce = kem.key_schedule(shared, unhex(one["info"]))
        ours = shared.hex(), key.hex(), nonce.hex()
        report.same("key schedule", ours, (one["shared_secret"], one["key"], one["base_nonce"]))
        for sealed in one["encryptions"]:
            plain = kem.open_aead(key, unhex(sealed["nonce"]), unhex(sealed["aad"]), unhex(sealed["ct"]))
            report.same("plaintext", plain.hex(), sealed["pt"])
