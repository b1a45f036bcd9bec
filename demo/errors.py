"""Errors that the demo shows to its user as one clear text, without a traceback.

DemoError
 +-- ProcessFailed   a part of the stack ended or never became ready
 +-- Interrupted     the user asked to stop (Ctrl-C, SIGTERM, SIGHUP)
"""

from __future__ import annotations

from pathlib import Path


class DemoError(Exception):
    """The demo cannot go on; the text says what failed and what to do."""


class ProcessFailed(DemoError):
    """A part of the stack ended, or did not become ready in time.

    Attributes:
        process: name of the part.
        log: file that holds everything it printed.
    """

    def __init__(self, process: str, problem: str, log: Path) -> None:
        self.process = process
        self.log = log
        super().__init__(f"{process} {problem}\nlast lines of {log}:\n{last_lines(log)}")


class Interrupted(DemoError):
    """The user asked the demo to stop."""


def last_lines(log: Path, count: int = 15) -> str:
    """Return the last `count` lines of a log, indented; says so when there is nothing to show."""
    if not log.exists():
        return "    (no such file)"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines) or "    (empty)"
