"""What one check of the proof found, and its failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Row = tuple[str, ...]
Span = tuple[int, int]

_SHOWN = 8


class BadInput(Exception):
    """The proof cannot be made from what it was given; the text says what to change."""


class BrokenLake(Exception):
    """A document of the lake is absent or cannot be read where the contract demands it."""


@dataclass
class Section:
    """One table of the proof.

    Attributes:
        title: what was checked.
        header: column names.
        rows: the table.
        failures: what does not hold, one line each; empty when all is well.
        where: where it lies in S3.
    """

    title: str
    header: Row
    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    where: str = ""

    def demand(self, holds: bool, otherwise: str) -> None:
        """Note the failure `otherwise` unless `holds`."""
        if not holds:
            self.failures.append(otherwise)


def spans_text(spans: Sequence[Span]) -> str:
    """Return ranges of ids as text: `17, 20-25`; long lists are cut, with their number."""
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:_SHOWN]]
    more = [f"and {len(spans) - _SHOWN} more ranges"] if len(spans) > _SHOWN else []
    return ", ".join(shown + more)
