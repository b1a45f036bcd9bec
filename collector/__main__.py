"""Entry point: ``python -m collector``. Settings come from the environment (``docs/collector.md``)."""

from __future__ import annotations

import asyncio
import logging
import sys

from collector.app import Application
from collector.settings import load_settings
from include.errors import LakeError


def main() -> int:
    """Run the collector.

    Returns:
        0 after an orderly stop; 1 when it cannot start or go on: one line on standard error says why; 130
        when it was interrupted before it collected.
    """
    try:
        settings = load_settings()
        logging.basicConfig(
            level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
        )
        logging.getLogger("botocore").setLevel(logging.WARNING)
        application = Application(settings)
        application.prepare()
        asyncio.run(application.run())
    except LakeError as error:
        print(f"collector: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before it collects: from then on it drains
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
