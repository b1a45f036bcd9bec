"""Run a command that the kernel ends when its parent dies, even by SIGKILL.

A script of its own instead of `preexec_fn`, which is unsafe in a parent that has threads. Linux only.

Usage: python bound_to_parent.py PARENT_PID SIGNAL COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ask for `SIGNAL` at the parent's death, then become `COMMAND`."""
    parent, signal_number, *command = arguments
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the request was made
        sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
