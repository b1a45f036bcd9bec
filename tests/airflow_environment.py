"""An Airflow of the test session's own, set up before anything imports Airflow.

Airflow reads where it lives when it is imported, so a fixture would be too late: the ``conftest.py`` of every
folder whose tests use Airflow imports this module.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DAGS = REPOSITORY / "dags"
HOME = Path(tempfile.mkdtemp(prefix="tradelake-airflow-"))

atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
    "PYTHONPATH": str(REPOSITORY),
}

_WARNINGS_OF_AIRFLOW = [
    "GitWildMatchPattern:DeprecationWarning",
    "Using `httpx` with `starlette:Warning",
]


def let_pass_what_airflow_warns_of(items: Iterable[pytest.Item], folder: Path) -> None:
    """Let pass what Airflow 3.3 itself does that is deprecated elsewhere; our own warnings stay errors.

    Args:
        items: the tests that pytest collected.
        folder: only those below it use Airflow.
    """
    for item in items:
        if item.path.is_relative_to(folder):
            for warning in _WARNINGS_OF_AIRFLOW:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{warning}"))
