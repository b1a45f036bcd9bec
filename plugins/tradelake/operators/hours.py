"""Hours of trades: what to wait for, verify, repair, seal, emit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from include.errors import LakeError
from tradelake.operators.lake import LakeOperator
from tradelake.partitions import HOUR_KEY, hour_of_run

if TYPE_CHECKING:
    from include.lake.catalog import CatalogEntry
    from include.lake.hours import Hours
    from include.lake.verification import HourReport

HOUR = timedelta(hours=1)


class HourOperator(LakeOperator):
    """Work on one hour of the symbols that the catalog has for it."""

    def entries(self, hour: datetime) -> list[CatalogEntry]:
        """What the lake should hold of the hour."""
        from include.lake.catalog import read_catalog

        symbols = read_catalog(self.store).symbols.values()
        return [entry for entry in symbols if entry.covers(hour, hour + HOUR)]


class AwaitedKeysOperator(HourOperator):
    """Name the keys that say that an hour is over: of each symbol, the next hour's first minute manifest."""

    def execute(self, context: Context) -> list[str]:
        """Return the keys; the catalog's own key where the lake should hold nothing of the hour."""
        from include.lake.keys import CATALOG

        hour = hour_of_run(context)
        return [entry.keys.manifest(hour + HOUR) for entry in self.entries(hour)] or [CATALOG]


class EachSymbolOperator(HourOperator):
    """Do something for every symbol. One that fails holds up no other.

    :param fail_at_end: fail, and name the symbols, after the others are done; else a failure is an error in
        the log, and the symbol is left out of the result.
    """

    def __init__(self, *, fail_at_end: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fail_at_end = fail_at_end

    def execute(self, context: Context) -> dict[str, Any]:
        """Return what ``one`` returned, by symbol."""
        hour = hour_of_run(context)
        done: dict[str, Any] = {}
        failed: dict[str, LakeError] = {}
        for entry in self.entries(hour):
            try:
                done[entry.symbol] = self.one(hour, entry)
            except LakeError as error:
                self.log.error("%s: %s", entry.symbol, error)
                failed[entry.symbol] = error
        if failed and self.fail_at_end:
            raise LakeError("; ".join(f"{symbol}: {error}" for symbol, error in failed.items()))
        return done

    @abstractmethod
    def one(self, hour: datetime, entry: CatalogEntry) -> Any:
        """Do the work for one symbol; the result goes to XCom."""

    def hours(self, entry: CatalogEntry) -> Hours:
        """The hours of a symbol."""
        from include.lake.hours import Hours

        return Hours(self.store, entry)


class VerifyHourOperator(EachSymbolOperator):
    """Judge an hour by its manifests; writes nothing.

    Returns, by symbol, the id ranges that are missing.
    """

    def one(self, hour: datetime, entry: CatalogEntry) -> list[tuple[int, int]]:
        """Verify a symbol, and tell what was found."""
        report = self.hours(entry).judge(hour, datetime.now(UTC)).report
        self._tell(entry.symbol, report)
        return report.missing

    def _tell(self, symbol: str, report: HourReport) -> None:
        self.log.info(
            "%s: %s, %s trades, ids %s to %s, minutes %s",
            symbol,
            report.condition,
            report.count,
            report.first_id,
            report.last_id,
            report.minutes,
        )
        for finding in report.findings:
            self.log.warning("%s: %s", symbol, finding)


class RepairHourOperator(EachSymbolOperator):
    """Heal the holes of an hour with single trades from the exchange's REST API.

    An exchange that does not answer is no failure: the hour is then sealed as it is, ``degraded``.
    Returns, by symbol, what became of its missing ids.

    :param missing: by symbol, the id ranges that are missing (templated).
    :param binance_conn_id: the Airflow connection to the exchange.
    """

    template_fields: Sequence[str] = (*LakeOperator.template_fields, "missing", "binance_conn_id")

    def __init__(
        self,
        *,
        missing: dict[str, list[tuple[int, int]]],
        binance_conn_id: str = "binance_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.missing = missing
        self.binance_conn_id = binance_conn_id

    def one(self, hour: datetime, entry: CatalogEntry) -> dict[str, list[tuple[int, int]]]:
        """Repair a symbol."""
        from include.lake.batching import Grid
        from include.lake.repair import Repair
        from tradelake.hooks.exchange import BinanceHook

        missing = [(first, last) for first, last in self.missing.get(entry.symbol, [])]
        repair = Repair(self.store, entry, BinanceHook(self.binance_conn_id).get_conn(), Grid())
        repaired = asdict(repair.heal(hour, missing))
        self.log.info("%s: %s", entry.symbol, repaired)
        return repaired


class SealHourOperator(EachSymbolOperator):
    """Seal an hour: ``_STATUS.json`` always, ``_READY.json`` when it is available.

    Returns, by symbol, the condition.
    """

    def one(self, hour: datetime, entry: CatalogEntry) -> str:
        """Seal a symbol."""
        status = self.hours(entry).seal(hour, datetime.now(UTC))
        self.log.info("%s: %s, version %s", entry.symbol, status.condition, status.version)
        return status.condition


class EmitHourOperator(BaseOperator):
    """Emit the partition of an hour when every symbol is available, or at a deadline with what there is.

    :param conditions: by symbol, the condition that it was sealed with (templated).
    :param deadline: how long after its end an hour may wait.
    :param emit_degraded: do not wait (templated; from the trigger form).
    """

    template_fields: Sequence[str] = ("conditions", "emit_degraded")

    def __init__(
        self, *, conditions: dict[str, str], deadline: timedelta, emit_degraded: Any = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.conditions = conditions
        self.deadline = deadline
        self.emit_degraded = emit_degraded

    def execute(self, context: Context) -> str:
        """Return the partition key once it may be emitted."""
        if not self.conditions:
            raise AirflowSkipException("the catalog has nothing for this hour")
        hour = hour_of_run(context)
        moment = hour + HOUR + self.deadline
        waiting = [symbol for symbol, condition in self.conditions.items() if condition != "available"]
        if waiting and not self._told_to() and datetime.now(UTC) < moment:
            self.log.warning("waiting until %s: %s not available", moment, ", ".join(waiting))
            self.defer(trigger=DateTimeTrigger(moment=moment), method_name="emit")
        return self.emit(context)

    def emit(self, context: Context, event: Any = None) -> str:
        """Emit; the downstream reads ``_STATUS.json`` to see what the hour is worth."""
        key = hour_of_run(context).strftime(HOUR_KEY)
        for outlet in self.outlets:
            context["outlet_events"][outlet].add_partitions(key)
        return key

    def _told_to(self) -> bool:
        return str(self.emit_degraded).lower() == "true"
