"""The exchange's REST API, reached with an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

if TYPE_CHECKING:
    from include.binance.rest import BinanceRest

DEFAULT_URL = "https://api.binance.com"


class BinanceHook(BaseHook):
    """Reach Binance's public REST API.

    :param binance_conn_id: an HTTP connection whose host is the base URL; default: the public API.
    """

    def __init__(self, binance_conn_id: str = "binance_default") -> None:
        super().__init__()
        self.binance_conn_id = binance_conn_id

    def get_conn(self) -> BinanceRest:
        """Return a client."""
        from airflow.sdk.exceptions import AirflowNotFoundException

        from include.binance.rest import BinanceRest

        try:
            url = self.get_connection(self.binance_conn_id).host
        except AirflowNotFoundException:
            url = None
        return BinanceRest(url or DEFAULT_URL)
