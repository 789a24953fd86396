"""Random histories of a source, each change followed by a build, against a fresh build.

Older files, corrected and deleted events, erased visitors, as_of moved, stopped runs, in random
order. Prints how many sequences and builds were compared, and fails where a row differs.

    python bench/histories.py [--sequences 100] [--first 0]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the first sequence's seed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "ignore", "-m", "tools.histories", folder]
        command += [str(given.first), str(given.sequences)]
        sys.exit(subprocess.run(command, cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
