"""Writes the settings table into `docs/collector.md`: `make docs`, checked by `make check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from collector.settings import Settings

PAGE = Path(__file__).parent / "collector.md"
START, END = "<!-- settings: written by `make docs` -->\n", "<!-- end of settings -->\n"


def table() -> str:
    """Return the settings as a Markdown table, from the settings class itself."""
    rows = [f"| `{name.upper()}` | {_default(field)} | {_about(field)} |" for name, field in _fields()]
    return "\n".join(["| variable | default | |", "| --- | --- | --- |", *rows, ""])


def page() -> str:
    """Return the page with the table in its place."""
    head, rest = PAGE.read_text().split(START)
    _, tail = rest.split(END)
    return f"{head}{START}\n{table()}\n{END}{tail}"


def _fields() -> list[tuple[str, FieldInfo]]:
    return list(Settings.model_fields.items())


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "host name" if field.default_factory else "required"
    value: Any = ",".join(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{value}`" if value not in (None, "") else "-"


def _about(field: FieldInfo) -> str:
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return f"{field.description}{': ' if choices else ''}{', '.join(f'`{choice}`' for choice in choices)}"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(
            PAGE.read_text() != page()
            and "docs/collector.md does not fit collector/settings.py: run make docs"
        )
    PAGE.write_text(page())
