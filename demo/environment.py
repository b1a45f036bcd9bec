"""The environment of the demo's children: what they need and nothing of the user's own settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]

_INHERITED = ("LANG", "LC_ALL", "TMPDIR", "TZ")
_WAY_TO_THE_INTERNET = ("HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""For a real exchange and real feeds; all that is on this machine speaks plain HTTP."""


def base_environment(home: Path) -> dict[str, str]:
    """Return the least that a Python program needs; a new dict.

    The user's AWS, Airflow and Python variables stay out, and so do the files of the home folder
    (`~/.aws/config`, `~/airflow`, caches): `home` takes its place.

    Args:
        home: folder of the run; created when absent.
    """
    home.mkdir(parents=True, exist_ok=True)
    inherited = {
        name: os.environ[name] for name in (*_INHERITED, *_WAY_TO_THE_INTERNET) if name in os.environ
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return inherited | {"PATH": path, "HOME": str(home), "PYTHONUNBUFFERED": "1"}
