"""Faults on demand: a registry of kinds, each made from the JSON that a test posts.

A kind is a dataclass with ``kind`` and ``from_json``; adding it to ``Fault`` and ``FAULT_KINDS`` makes it
known to the control endpoint.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from simulator.trades import Trade


class FaultError(ValueError):
    """A fault that was posted is not one; the text says what is allowed."""


class FaultFields:
    """Posted fields of one fault, read with clear errors."""

    def __init__(self, kind: str, values: Mapping[str, Any]) -> None:
        self._kind = kind
        self._values = values

    def allow(self, names: set[str]) -> None:
        """Refuse fields that the fault does not have: a misspelt one would be ignored."""
        for name in self._values:
            if name not in names and name != "kind":
                allowed = ", ".join(sorted(names))
                raise FaultError(f"fault {self._kind}: unknown field {name}; allowed: {allowed}")

    def integer(self, name: str) -> int:
        """A required whole number."""
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise FaultError(f"fault {self._kind}: {name} must be a whole number, not {value!r}")
        return value

    def optional_integer(self, name: str) -> int | None:
        """A whole number, or None when it was not posted."""
        return None if self._values.get(name) is None else self.integer(name)

    def text(self, name: str) -> str:
        """A required text."""
        value = self._values.get(name)
        if not isinstance(value, str) or not value:
            raise FaultError(f"fault {self._kind}: {name} must be a text, not {value!r}")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false when it was not posted."""
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise FaultError(f"fault {self._kind}: {name} must be true or false, not {value!r}")
        return value


@dataclass
class ResetConnections:
    """Reset the TCP connections of all clients, or of one connection id, at once."""

    connection: int | None
    kind: ClassVar[str] = "reset_connections"

    @classmethod
    def from_json(cls, values: FaultFields) -> "ResetConnections":
        """Make the fault from posted fields."""
        return cls(connection=values.optional_integer("connection"))


@dataclass
class Withhold:
    """Send no frame of a range of trades to anyone; with ``rest`` hide them at REST too."""

    symbol: str
    first_id: int
    last_id: int
    rest: bool
    kind: ClassVar[str] = "withhold"

    @classmethod
    def from_json(cls, values: FaultFields) -> "Withhold":
        """Make the fault from posted fields."""
        fault = cls(
            symbol=values.text("symbol"),
            first_id=values.integer("first_id"),
            last_id=values.integer("last_id"),
            rest=values.flag("rest"),
        )
        if fault.last_id < fault.first_id:
            raise FaultError(f"fault withhold: last_id {fault.last_id} is below first_id {fault.first_id}")
        return fault

    def covers(self, trade: Trade) -> bool:
        """Whether the trade is one of the withheld."""
        return self.first_id <= trade.trade_id <= self.last_id and self.symbol == trade.symbol


@dataclass
class RestStatus:
    """Answer the next ``count`` requests of a path with an HTTP error status."""

    path: str
    status: int
    count: int
    kind: ClassVar[str] = "rest_status"

    @classmethod
    def from_json(cls, values: FaultFields) -> "RestStatus":
        """Make the fault from posted fields."""
        fault = cls(path=values.text("path"), status=values.integer("status"), count=values.integer("count"))
        if not 400 <= fault.status <= 599:
            raise FaultError(f"fault rest_status: status {fault.status} is no error; 400 to 599 are allowed")
        if fault.count < 1:
            raise FaultError(f"fault rest_status: count {fault.count} must be 1 or more")
        return fault


Fault = ResetConnections | Withhold | RestStatus
FAULT_KINDS: dict[str, type[Fault]] = {
    fault.kind: fault for fault in (ResetConnections, Withhold, RestStatus)
}


def fault_from_json(posted: object) -> Fault:
    """The fault that a JSON object orders.

    Raises:
        FaultError: unknown kind, or a field that is missing, wrong or unknown.
    """
    if not isinstance(posted, dict):
        raise FaultError("a fault is a JSON object with a kind")
    kind = posted.get("kind")
    if not isinstance(kind, str) or kind not in FAULT_KINDS:
        raise FaultError(f"unknown fault kind {kind!r}; allowed: {', '.join(sorted(FAULT_KINDS))}")
    fault, values = FAULT_KINDS[kind], FaultFields(kind, posted)
    values.allow({field.name for field in fields(fault)})
    return fault.from_json(values)


class ActiveFaults:
    """The faults that last: withheld ranges and pending error answers."""

    def __init__(self) -> None:
        self._withheld: list[Withhold] = []
        self._statuses: list[RestStatus] = []

    def add(self, fault: Withhold | RestStatus) -> None:
        """Let a fault act from now on."""
        if isinstance(fault, Withhold):
            self._withheld.append(fault)
        else:
            self._statuses.append(fault)

    def withholds_frame(self, trade: Trade) -> bool:
        """Whether nobody may be sent this trade."""
        return any(fault.covers(trade) for fault in self._withheld)

    def withholds_at_rest(self, trade: Trade) -> bool:
        """Whether REST must not know this trade."""
        return any(fault.rest and fault.covers(trade) for fault in self._withheld)

    def take_status(self, path: str) -> int | None:
        """The status with which to fail a request of this path, counted down; None when it may succeed."""
        for fault in self._statuses:
            if fault.path == path:
                fault.count -= 1
                if fault.count == 0:
                    self._statuses.remove(fault)
                return fault.status
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """The active faults, as they would be posted."""
        active: list[Withhold | RestStatus] = [*self._withheld, *self._statuses]
        return [{"kind": fault.kind, **asdict(fault)} for fault in active]
