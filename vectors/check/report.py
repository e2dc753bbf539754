"""Counts what went as expected, and keeps what did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .canonical import Refused


class Report:
    def __init__(self, file: str) -> None:
        self.file = file
        self.accepted = 0
        self.refused = 0
        self.changed = 0
        self.skipped: list[str] = []
        self.differences: list[str] = []

    def accept(self, name: str, judge: Callable[[], object]) -> None:
        """`judge` answers False or raises Refused when it does not accept."""
        try:
            if judge() is not False:
                self.accepted += 1
                return
            reason = "a verdict the other way"
        except Refused as error:
            reason = str(error)
        self.differences.append(f"{name}: refused ({reason})")

    def same(self, name: str, ours: object, theirs: object) -> None:
        if ours == theirs:
            self.accepted += 1
        else:
            self.differences.append(f"{name}: {ours!r}, and the file has {theirs!r}")

    def also(self, name: str, holds: bool) -> None:
        """Something that must hold besides; not counted."""
        if not holds:
            self.differences.append(name)

    def refuse(self, name: str, judge: Callable[[], object]) -> None:
        try:
            if judge() is False:
                self.refused += 1
                return
        except Refused:
            self.refused += 1
            return
        self.differences.append(f"{name}: accepted")

    def refuse_changes(
        self, name: str, data: bytes, judge: Callable[[bytes], object], every: int = 1, values: str = "all"
    ) -> None:
        """Changes each `every`th byte by itself: to `all` 255 others, by one of its eight `bits`, or by `one` bit."""
        for position, changed in changes(data, every, values):
            before = self.refused
            self.refuse(f"{name}, byte {position} changed", lambda: judge(changed))
            self.changed += self.refused - before

    def skip(self, reason: str) -> None:
        self.skipped.append(reason)

    def line(self) -> str:
        changed = f" ({self.changed} of them one byte changed)" if self.changed else ""
        skipped = f" ({'; '.join(self.skipped)})" if self.skipped else ""
        counts = f"{self.accepted} accepted as expected, {self.refused} refused as expected{changed}"
        return f"{self.file}: {counts}, {len(self.skipped)} skipped{skipped}"


def changes(data: bytes, every: int, values: str) -> Iterator[tuple[int, bytes]]:
    for position in range(0, len(data), every):
        masks = {"all": range(1, 256), "bits": [1 << bit for bit in range(8)], "one": [1 << position % 8]}[values]
        for mask in masks:
            yield position, data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]
