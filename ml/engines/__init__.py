"""Frames of DuckDB, Snowpark and Spark inside dbt; warehouses read from outside."""
