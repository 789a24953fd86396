"""A Databricks stand-in: Spark with Delta Lake behind the Thrift and REST calls of dbt-databricks.

`python -m tests.emulators.databricks --port 8099` serves one workspace in memory; the unmodified
connector, SDK and dbt-databricks talk to it.

- `spark` starts a local Spark with Delta Lake (from Maven, kept for later runs) and Spark Connect;
- `thrift` is the SQL endpoint: each connection has a Spark session of its own;
- `statements` answers what Unity Catalog and Volumes know and Spark does not: the catalog's name,
  its information schema, DESCRIBE AS JSON, grants, PUT, LIST and REMOVE;
- `rest` is the workspace: notebooks, one-time job runs (serverless or on a job cluster), and the
  Command API of all-purpose clusters;
- `jobs` runs each notebook in an interpreter of its own (`interpreter`), which reaches Spark by
  Spark Connect, as serverless compute does, and sees the libraries that it declares and nothing
  else of this project. `worker` does the same for the functions that Spark runs.

It proves neither privileges being enforced, nor clusters, cost, concurrency, Photon, or which
libraries a runtime has.
"""
