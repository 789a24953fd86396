"""A Python worker of Spark, which does not see this project: `worker.py -m pyspark.daemon …`.

What a function imports has to come with the session that sent it, or be declared by it, as on a
cluster. `interpreter` sends what was not.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from isolation import Undeclared, forget_this_project, hide

forget_this_project()
hide(Undeclared())
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
