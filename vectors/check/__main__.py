"""Judges every golden vector by the pages alone; exits with 1 when anything differs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import run_market, run_primitives, run_settlement, run_trustchain
from .report import Report

FOLDER = Path(__file__).resolve().parent.parent

FILES: dict[str, Callable[[Report, Any], None]] = {
    "trustchain-blocks.json": run_trustchain.check_blocks,
    "trustchain-pairs.json": run_trustchain.check_pairs,
    "trustchain-proofs.json": run_trustchain.check_proofs,
    "trustchain-checkpoints.json": run_trustchain.check_checkpoints,
    "market-money.json": run_market.check_money,
    "market-statements.json": run_market.check_statements,
    "market-ledger.json": run_market.check_ledger,
    "settlement-chunks.json": run_settlement.check_chunks,
    "settlement-delivery.json": run_settlement.check_delivery,
    "settlement-proofs.json": run_settlement.check_proofs,
    "complaints.json": run_settlement.check_complaints,
    "ml-kem-768-acvp.json": run_primitives.check_ml_kem,
    "x-wing.json": run_primitives.check_x_wing,
    "hpke-x-wing.json": run_primitives.check_hpke,
}

MADE_HERE: dict[str, Callable[[Report], None]] = {
    "strict signatures, made here": run_trustchain.check_signatures,
    "spot checks, no file": run_settlement.check_draws,
}

WITHOUT_VECTORS = {
    "spot checks, no file": ["no golden draw or answer"],
    "equivocation, no file": ["no golden vector"],
    "deal files, no file": ["no golden deal file"],
}


def _judged(name: str, check: Callable[[Report], None]) -> Report:
    report = Report(name)
    try:
        check(report)
    except Exception as error:  # one file that breaks must not hide the others
        report.differences.append(f"{type(error).__name__}: {error}")
    for reason in WITHOUT_VECTORS.get(name, []):
        report.skip(reason)
    return report


def main() -> int:
    failed = False
    patterns = ("trustchain-*.json", "market-*.json", "settlement-*.json")
    unknown = {path.name for pattern in patterns for path in FOLDER.glob(pattern)} - set(FILES)
    checks: dict[str, Callable[[Report], None]] = {
        name: lambda report, check=check, name=name: check(report, json.loads((FOLDER / name).read_text()))
        for name, check in FILES.items()
    }
    checks |= MADE_HERE
    for name in WITHOUT_VECTORS:
        checks.setdefault(name, lambda report: None)
    for name in sorted(unknown):
        checks[name] = lambda report: report.differences.append("nobody here reads this file")
    for name, check in checks.items():
        report = _judged(name, check)
        print(report.line(), flush=True)
        for difference in report.differences[:20]:
            print(f"  differs: {difference}")
        failed = failed or bool(report.differences)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
