"""A Snowflake stand-in: fakesnow's server behind a gateway that knows what dbt and Snowpark send.

`python -m tests.emulators.snowflake --port 8098` serves one account in memory; the unmodified
connector, Snowpark and dbt-snowflake talk to it. `gateway` takes each statement first:

- `procedures` runs Python stored procedures, each in an interpreter of its own (`interpreter`) that
  sees the packages it declares and the staged files it imports, and nothing else;
- `privileges` remembers roles, owners, GRANT and REVOKE and answers SHOW GRANTS; `enforcement`
  holds the roles that CREATE ROLE made to them;
- `rewrites` spells out what fakesnow does not take (MERGE as dbt writes it, qualified temporary
  tables, Snowpark's `VALUES`);
- `temporaries` drops with a session what it made for itself;
- `polling` answers a long statement with where its result will be;
- `results` keeps null timestamps null in Arrow and pandas;
- query tags are kept with each statement, and errors are answered as Snowflake does.

Everything else goes to fakesnow as it came. It proves neither warehouses, cost,
concurrency and policies, nor which packages an account offers.
"""
