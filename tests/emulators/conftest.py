"""The stand-ins are programs: importing one to look for doctests would run it."""

collect_ignore = ["databricks", "snowflake"]
