"""What the program of either stand-in begins and ends with."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time


def options(package: str, about: str | None, port: int) -> argparse.ArgumentParser:
    """Begin the command line of `python -m tests.emulators.<package>`."""
    parser = argparse.ArgumentParser(prog=f"tests.emulators.{package}", description=about)
    parser.add_argument("--port", type=int, default=port, help="0: any that is free")
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="end with the process that started it"
    )
    return parser


def end_when_told(given: argparse.Namespace) -> None:
    """Let SIGTERM, and the end of the input where that is asked for, run what is in `finally`."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if given.until_stdin_ends:
        threading.Thread(target=_end_with_the_input, daemon=True).start()


def announce(what: str, port: int) -> None:
    """Print where it listens, as `tools.stand_ins` reads it."""
    print(f"{what} at http://127.0.0.1:{port}", flush=True)


def _end_with_the_input() -> None:
    # Not by `sys.stdin`, whose lock an exiting interpreter wants.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(20)
    os._exit(1)
