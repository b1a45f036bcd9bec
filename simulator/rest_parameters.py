"""Query parameters of the exchange's REST interface and its error answers."""

import re

from aiohttp import web

from simulator.tape import FIRST_MICROSECOND_TIME

SYMBOL_PATTERN = "^[A-Z0-9-_.]{1,20}$"
NUMBER_PATTERN = "^[0-9]{1,20}$"
MAX_LIMIT = 1000
DEFAULT_LIMIT = 500


class RestError(Exception):
    """An error answer ``{"code": ..., "msg": ...}`` with its HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def required_text(request: web.Request, name: str) -> str:
    """A mandatory parameter."""
    value = request.query.get(name, "")
    if not value:
        raise RestError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return value


def known_symbol(request: web.Request, symbols: tuple[str, ...]) -> str:
    """The mandatory symbol, which must be one that trades here."""
    return check_symbol(required_text(request, "symbol"), symbols)


def check_symbol(symbol: str, symbols: tuple[str, ...]) -> str:
    """The symbol, if it is well formed and trades here."""
    if not re.fullmatch(SYMBOL_PATTERN, symbol):
        raise _illegal("symbol", SYMBOL_PATTERN)
    if symbol not in symbols:
        raise RestError(-1121, "Invalid symbol.")
    return symbol


def optional_number(request: web.Request, name: str) -> int | None:
    """A whole number, or None when it was not sent."""
    text = request.query.get(name)
    if text is None:
        return None
    if not re.fullmatch(NUMBER_PATTERN, text):
        raise _illegal(name, NUMBER_PATTERN)
    return int(text)


def limit(request: web.Request) -> int:
    """Number of rows: 500 when not sent, cut to 1,000."""
    rows = optional_number(request, "limit")
    if rows == 0:
        raise RestError(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(DEFAULT_LIMIT if rows is None else rows, MAX_LIMIT)


def optional_time(request: web.Request, name: str) -> int | None:
    """A time in microseconds; the exchange takes milliseconds and microseconds."""
    time = optional_number(request, name)
    if time is None or time >= FIRST_MICROSECOND_TIME:
        return time
    return time * 1000


def wants_microseconds(request: web.Request) -> bool:
    """Whether ``X-MBX-TIME-UNIT`` asks for microseconds."""
    unit = request.headers.get("X-MBX-TIME-UNIT", "MILLISECOND").upper()
    if unit not in {"MICROSECOND", "MILLISECOND"}:
        raise RestError(-1130, "Data sent for parameter 'X-MBX-TIME-UNIT' is not valid.")
    return unit == "MICROSECOND"


def _illegal(name: str, pattern: str) -> RestError:
    return RestError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'.")
