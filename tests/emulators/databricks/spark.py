"""Spark with Delta Lake and Spark Connect, on this machine."""

from __future__ import annotations

import fcntl
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

# The Delta Lake that was made for Spark 4.0.
DELTA = "io.delta:delta-spark_2.13:4.0.1"
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m -XX:+UseSerialGC"
# What Spark generates for wide rows is over what Java else compiles of one method.
_SHORT_LIVED += " -XX:-DontCompileHugeMethods"
WORKER = Path(__file__).with_name("worker.py")


def cache() -> Path:
    """Say where the jars of Delta Lake are kept between runs."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "cdp" / "ivy"


def start(folder: Path, connect_port: int, memory: str) -> SparkSession:
    """Start Spark.

    Parameters
    ----------
    folder
        Where tables and the workers' launcher are put.
    connect_port
        Loopback port of Spark Connect.
    memory
        Of the one process that is driver and executor, e.g. `3g`.
    """
    with delta() as jars:
        return _started(jars, folder, connect_port, memory)


def _started(jars: Mapping[str, str], folder: Path, connect_port: int, memory: str) -> SparkSession:
    os.environ["PYSPARK_PYTHON"] = str(_launcher(folder))
    os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    # A Java that is killed leaves the libraries that it unpacked; here they go with the folder.
    os.environ["SPARK_SUBMIT_OPTS"] = f"-Djava.io.tmpdir={folder}"
    builder = SparkSession.builder.master("local[2]").appName("databricks stand-in")  # pyright: ignore
    options = {
        **jars,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": connect_port,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": memory,
        # Tables of a test are small: a second compiler and adapted plans cost more than they save.
        # What one compiler makes of all the plans would not fit into its default of 48 MB.
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder} {_SHORT_LIVED}",
        "spark.sql.adaptive.enabled": "false",
        "spark.local.dir": folder / "local",
        "spark.sql.warehouse.dir": folder / "tables",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        # Two tasks each, and one file.
        "spark.sql.shuffle.partitions": 2,
        "spark.default.parallelism": 2,
        "spark.sql.files.minPartitionNum": 1,
        "spark.databricks.delta.snapshotPartitions": 1,
        "spark.databricks.delta.optimizeWrite.enabled": "true",
        "spark.databricks.delta.stats.collect": "false",
        # A table's own default on Databricks.
        "spark.sql.sources.default": "delta",
        "spark.sql.parquet.compression.codec": "uncompressed",
    }
    for name, value in options.items():
        builder = builder.config(name, str(value))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


@contextmanager
def delta() -> Iterator[dict[str, str]]:
    """Say where Delta Lake comes from: what an earlier run fetched, or Maven.

    Who fetches it does so alone; others wait, and find it.
    """
    version = DELTA.rpartition(":")[2]
    names = ("io.delta_delta-spark_2.13", "io.delta_delta-storage")
    kept = [cache() / "jars" / f"{name}-{version}.jar" for name in names]
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A copy that was broken off is no archive.
        if all(zipfile.is_zipfile(jar) for jar in kept):
            fcntl.flock(lock, fcntl.LOCK_UN)
            yield {"spark.jars": ",".join(map(str, kept))}
        else:
            yield {"spark.jars.packages": DELTA, "spark.jars.ivy": str(cache())}


def _launcher(folder: Path) -> Path:
    """Spark starts its Python workers by one program's name: a script that runs `worker`."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "worker"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{WORKER}" "$@"\n')
    script.chmod(0o755)
    return script
