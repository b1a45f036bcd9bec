"""The made market: what it promises to those who test against it."""

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.clock import Clock
from simulator.events import KlineDue, TradeMessage
from simulator.market import market_events, quiet_minutes
from simulator.settings import MINUTE_US, Settings

START = datetime(2026, 11, 20, 5, tzinfo=UTC)


def market(**options: Any) -> Settings:
    return Settings(log_dir=Path("unused"), start=START, **{"trades_per_second": 5.0, **options})


def trades_of(settings: Settings, symbol: str = "BTCUSDT") -> list[TradeMessage]:
    return [
        event
        for event in market_events(settings)
        if isinstance(event, TradeMessage) and event.trade.symbol == symbol
    ]


@pytest.fixture(scope="module")
def hour() -> list[TradeMessage]:
    return trades_of(market())


def test_same_seed_makes_the_same_market():
    assert trades_of(market(minutes=3)) == trades_of(market(minutes=3))


def test_another_seed_makes_another_market():
    assert trades_of(market(minutes=3)) != trades_of(market(minutes=3, seed=8))


def test_ids_are_consecutive(hour):
    ids = [message.trade.trade_id for message in hour]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_times_do_not_fall_and_lie_in_the_market(hour):
    settings = market()
    times = [message.trade.time_us for message in hour]
    assert times == sorted(times)
    assert settings.begin_us <= times[0]
    assert times[-1] < settings.end_us
    assert (settings.begin_us, settings.end_us) == (
        settings.start_us - 2 * MINUTE_US,
        settings.start_us + 63 * MINUTE_US,
    )


def test_event_time_follows_trade_time_within_three_milliseconds(hour):
    assert all(0 <= message.event_us - message.trade.time_us <= 3000 for message in hour)


def test_all_events_come_in_the_order_of_their_times():
    times = [event.event_us for event in market_events(market(minutes=3, symbols=("BTCUSDT", "ETHUSDT")))]
    assert times == sorted(times)


def test_prices_and_quantities_keep_to_the_exchange_filters(hour):
    assert all(message.trade.price % 10**6 == 0 and message.trade.price > 0 for message in hour)
    assert all(message.trade.quantity % 10**3 == 0 and message.trade.quantity > 0 for message in hour)


def test_bursts_put_many_trades_into_one_millisecond_and_at_one_price(hour):
    milliseconds = Counter(message.trade.time_us // 1000 for message in hour)
    orders = Counter(
        (message.trade.time_us, message.trade.price, message.trade.is_buyer_maker) for message in hour
    )
    assert max(milliseconds.values()) >= 10
    assert max(orders.values()) >= 3


@pytest.mark.parametrize("seed", range(5))
def test_each_hour_has_a_minute_without_a_trade(seed):
    settings = market(seed=seed, minutes=120, trades_per_second=1.0)
    quiet = quiet_minutes("BTCUSDT", settings)
    traded = {message.trade.time_us // MINUTE_US * MINUTE_US for message in trades_of(settings)}
    assert len(quiet) == 2
    assert sum(minute < settings.start_us + 60 * MINUTE_US for minute in quiet) == 1
    assert not quiet & traded


def test_mean_rate_is_about_what_was_asked_for(hour):
    assert 3.5 < len(hour) / (65 * 60) < 6.5


def test_symbols_have_their_own_ids_and_do_not_change_one_another():
    both = market(minutes=3, symbols=("BTCUSDT", "ETHUSDT"))
    assert trades_of(both) == trades_of(market(minutes=3))
    bitcoin = {message.trade.trade_id for message in trades_of(both)}
    ether = {message.trade.trade_id for message in trades_of(both, "ETHUSDT")}
    assert ether
    assert not bitcoin & ether


def test_a_minute_closes_once_and_after_its_last_trade():
    last_trade: dict[int, int] = {}
    closed = []
    for event in market_events(market(minutes=3, trades_per_second=200.0)):
        if isinstance(event, TradeMessage):
            minute = event.trade.time_us // MINUTE_US * MINUTE_US
            assert minute not in closed
            last_trade[minute] = event.trade.trade_id
        elif isinstance(event, KlineDue) and event.is_closed:
            closed.append(event.open_us)
    settings = market(minutes=3)
    assert closed == list(range(settings.begin_us, settings.end_us, MINUTE_US))
    assert set(last_trade) <= set(closed)


def test_a_clock_that_catches_up_goes_with_the_present() -> None:
    now_us = time.time_ns() // 1000
    behind = Clock(now_us - 3_600_000_000, speed=1.0, catch_up=True)
    there = Clock(now_us, speed=1e6, catch_up=True)
    for clock in (behind, there):
        clock.start()
    assert behind.now_us() < now_us <= there.now_us() <= time.time_ns() // 1000
