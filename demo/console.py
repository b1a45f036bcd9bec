"""What the user sees while the demo works: steps, and a bar in a terminal or now and then a line in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

_LINE_SECONDS = 5.0


class Reporter:
    """Prints with the time since the start."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._start = time.monotonic()

    def step(self, text: str) -> None:
        """Say that something is done."""
        elapsed = time.monotonic() - self._start
        self.console.print(Text.assemble((f"[{elapsed:5.1f} s] ", "dim"), text), soft_wrap=True)

    def bar(self, text: str) -> Bar:
        """Return a bar for a piece of work that takes a while, as a context manager."""
        return Bar(self, text)


class Bar:
    """The progress of one piece of work: a bar in a terminal, else a line every few seconds."""

    def __init__(self, reporter: Reporter, text: str) -> None:
        self._reporter = reporter
        self._text = text
        self._next_line = time.monotonic()
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        if self._reporter.console.is_terminal:
            columns = (TextColumn(self._text), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
            detail = TextColumn("{task.description}")
            self._progress = Progress(*columns, detail, console=self._reporter.console)
            self._progress.add_task("", total=1.0)
            self._progress.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._progress:
            self._progress.stop()

    def show(self, fraction: float, detail: str) -> None:
        """Show how much is done, from 0 to 1, and a few words."""
        if self._progress:
            self._progress.update(self._progress.task_ids[0], completed=fraction, description=detail)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_SECONDS
            self._reporter.step(f"{self._text} {fraction:4.0%}  {detail}")
