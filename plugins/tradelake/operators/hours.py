"""Hours of trades: what to wait for, verify, repair, seal, emit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator, Context

from include.errors import ExchangeError, LakeError
from tradelake.partitions import HOUR_KEY, hour_of_run

if TYPE_CHECKING:
    from include.lake.catalog import CatalogEntry
    from include.lake.hours import Hours
    from include.lake.sealing import Status
    from include.lake.verification import HourReport
    from include.stores.s3 import S3Store

HOUR = timedelta(hours=1)


class HourOperator(BaseOperator):
    """Work on one hour of all symbols that the catalog has for it.

    A symbol that fails holds up no other: the rest is done first, then the task fails and names it.

    :param bucket: the lake's bucket (templated).
    :param aws_conn_id: the Airflow connection to S3.
    """

    template_fields: Sequence[str] = ("bucket", "aws_conn_id")

    def __init__(self, *, bucket: str, aws_conn_id: str = "aws_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.aws_conn_id = aws_conn_id

    @property
    def store(self) -> S3Store:
        """The bucket."""
        from tradelake.hooks.lake import LakeHook

        return LakeHook(self.aws_conn_id, self.bucket).store

    def entries(self, store: S3Store, hour: datetime) -> list[CatalogEntry]:
        """What the lake should hold of the hour."""
        from include.lake.catalog import read_catalog

        return [entry for entry in read_catalog(store).symbols.values() if entry.covers(hour, hour + HOUR)]

    def each(self, context: Context) -> dict[str, Any]:
        """Do ``one`` for every symbol; return what it returned, by symbol."""
        from include.lake.hours import Hours

        hour, store = hour_of_run(context), self.store
        done: dict[str, Any] = {}
        failed: dict[str, LakeError] = {}
        for entry in self.entries(store, hour):
            try:
                done[entry.symbol] = self.one(hour, store, entry, Hours(store, entry))
            except LakeError as error:
                self.log.exception("%s", entry.symbol)
                failed[entry.symbol] = error
        if failed:
            raise LakeError("; ".join(f"{symbol}: {error}" for symbol, error in failed.items()))
        return done

    def one(self, hour: datetime, store: S3Store, entry: CatalogEntry, hours: Hours) -> Any:
        """Do the work for one symbol."""
        raise NotImplementedError


class AwaitedKeysOperator(HourOperator):
    """Name the keys that say that an hour is over: of each symbol, the next hour's first minute manifest."""

    def execute(self, context: Context) -> list[str]:
        """Return the keys; the catalog's own key where the lake should hold nothing of the hour."""
        from include.lake.keys import CATALOG

        hour = hour_of_run(context)
        entries = self.entries(self.store, hour)
        return [entry.keys.manifest(hour + HOUR) for entry in entries] or [CATALOG]


class VerifyHourOperator(HourOperator):
    """Judge an hour by its manifests; writes nothing.

    Returns, by symbol, the id ranges that are missing.
    """

    def execute(self, context: Context) -> dict[str, list[tuple[int, int]]]:
        """Verify every symbol."""
        return self.each(context)

    def one(self, hour: datetime, store: S3Store, entry: CatalogEntry, hours: Hours) -> list[tuple[int, int]]:
        """Verify a symbol, and tell what was found."""
        report = hours.judge(hour, datetime.now(UTC)).report
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


class RepairHourOperator(HourOperator):
    """Heal the holes of an hour with single trades from the exchange's REST API.

    An exchange that does not answer is no failure: the hour is then sealed as it is, ``degraded``.

    :param missing: by symbol, the id ranges that are missing (templated).
    :param binance_conn_id: the Airflow connection to the exchange.
    """

    template_fields: Sequence[str] = ("bucket", "aws_conn_id", "missing", "binance_conn_id")

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

    def execute(self, context: Context) -> dict[str, dict[str, Any]]:
        """Repair every symbol; return what became of its missing ids."""
        return self.each(context)

    def one(self, hour: datetime, store: S3Store, entry: CatalogEntry, hours: Hours) -> dict[str, Any]:
        """Repair a symbol."""
        from dataclasses import asdict

        from include.lake.batching import Grid
        from include.lake.repair import Repair, Repaired
        from tradelake.hooks.exchange import BinanceHook

        missing = [(first, last) for first, last in self.missing.get(entry.symbol, [])]
        repair = Repair(store, entry, BinanceHook(self.binance_conn_id).get_conn(), Grid())
        try:
            repaired = repair.heal(hour, missing)
        except ExchangeError as error:
            self.log.warning("%s: not repaired (%s)", entry.symbol, error)
            repaired = Repaired([], [], missing)
        self.log.info("%s: %s", entry.symbol, repaired)
        return asdict(repaired)


class SealHourOperator(HourOperator):
    """Seal an hour: ``_STATUS.json`` always, ``_READY.json`` when it is available.

    Returns, by symbol, the condition.
    """

    def execute(self, context: Context) -> dict[str, str]:
        """Seal every symbol."""
        return self.each(context)

    def one(self, hour: datetime, store: S3Store, entry: CatalogEntry, hours: Hours) -> str:
        """Seal a symbol."""
        status: Status = hours.seal(hour, datetime.now(UTC))
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
