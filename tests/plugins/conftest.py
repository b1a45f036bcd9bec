"""The plugin's tests use the session's own Airflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.airflow_environment import let_pass_what_airflow_warns_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    let_pass_what_airflow_warns_of(items, Path(__file__).parent)
