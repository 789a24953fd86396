"""Profiles and grants, as text; the Snowflake build has and needs them (test_snowflake_build)."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dbt.adapters.snowflake.connections import SnowflakeCredentials

from tools.project import ROOT
from tools.rendering import CompilationError, Macros

DEALS = {"name": "won", "table": "crm.o'deals", "user_id_column": "who", "tstamp_column": "at"}


def output(name: str, **environment: str) -> dict[str, Any]:
    """An output of the example profile in an environment."""
    secrets = []
    modules = SimpleNamespace(re=re)  # dbt's, in profiles too

    def env_var(variable: str, default: str | None = None) -> str:
        secrets.append(variable)
        if default is None and variable not in environment:
            raise LookupError(variable)
        return environment.get(variable, default or "")

    profile = yaml.safe_load((ROOT / "profiles.example.yml").read_text())["cdp"]["outputs"][name]
    return {
        key: jinja2.Template(value).render(env_var=env_var, modules=modules)
        if isinstance(value, str)
        else value
        for key, value in profile.items()
    }


@pytest.mark.parametrize("engine", ["snowflake", "databricks"])
def test_everyone_ci_and_production_have_schemas_of_their_own(engine: str) -> None:
    variable = f"{engine.upper()}_SCHEMA"
    for environment, schema in (
        ({"USER": "Ann.O-Lee"}, "cdp_ann_o_lee"),
        ({"USER": "CORP\\jane+x@corp.com"}, "cdp_corp_jane_x_corp_com"),
        ({"USER": "ann", variable: "cdp_ci_7"}, "cdp_ci_7"),
        ({variable: "cdp"}, "cdp"),
    ):
        assert output(engine, **environment)["schema"] == schema
    # Nobody's name is a schema that everybody would share.
    with pytest.raises(LookupError, match=variable):
        output(engine)


def test_a_snowflake_key_is_taken_from_its_file_or_its_text(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"opened"),
    )
    (tmp_path / "runner.p8").write_bytes(pem)
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    names = {
        "SCHEMA": "cdp",
        "ACCOUNT": "a",
        "USER": "u",
        "DATABASE": "d",
        "PRIVATE_KEY_PASSPHRASE": "opened",
    }
    for given in (
        {"PRIVATE_KEY_PATH": str(tmp_path / "runner.p8")},
        {"PRIVATE_KEY": pem.decode()},
    ):
        profile = output("snowflake", **{f"SNOWFLAKE_{k}": v for k, v in (names | given).items()})
        SnowflakeCredentials.validate(profile)
        assert SnowflakeCredentials.from_dict(profile).auth_args()["private_key"] == der


def test_databricks_signs_in_between_machines() -> None:
    given = {"CLIENT_ID": "i", "CLIENT_SECRET": "s", "SCHEMA": "cdp"}
    profile = output("databricks", **{f"DATABRICKS_{k}": v for k, v in given.items()})
    signs_in = {key: profile.get(key) for key in ("auth_type", "client_id", "client_secret")}
    assert signs_in == {"auth_type": "oauth", "client_id": "i", "client_secret": "s"}
    assert "token" not in profile


def macros(dialect: str, audiences: str = "cdp", **variables: Any) -> Macros:
    """The grants' macros in a project of one table and one audience view."""
    nodes = {
        name: SimpleNamespace(
            resource_type="model", database="lake", schema=schema, alias=name, tags=tags
        )
        for name, schema, tags in (
            ("propensity_scores", "cdp", []),
            ("aud_prospects", audiences, ["census"]),
        )
    }
    sources = {
        name: SimpleNamespace(source_name=name, database="raw", schema=schema, identifier=table)
        for name, schema, table in (("atomic", "atomic", "events"), ("web_tables", "d", "views"))
    }
    target = {"database": "lake", "schema": "cdp", "type": dialect, "warehouse": "WH"}
    return Macros(dialect, **variables).knowing(
        graph=SimpleNamespace(nodes=nodes, sources=sources),
        adapter={"get_relation": lambda **_: SimpleNamespace(is_view=True)},
        target=SimpleNamespace(**target, get=target.get),
        log=lambda *_, **__: "",
    )


def test_a_databricks_runner_is_granted_what_it_uses_makes_and_reads() -> None:
    statements = macros("databricks", "cdp_audiences", conversions=[DEALS])
    assert statements.grant_runner("12`3") == [
        "grant use catalog on catalog `lake` to `12``3`",
        "create schema if not exists `lake`.`cdp`",
        "grant use schema, create table, create volume, read volume, write volume, create model"
        " on schema `lake`.`cdp` to `12``3`",
        "create schema if not exists `lake`.`cdp_audiences`",
        "grant use schema, create table, create volume, read volume, write volume, create model"
        " on schema `lake`.`cdp_audiences` to `12``3`",
        "grant use catalog on catalog `raw` to `12``3`",
        "grant use schema on schema `raw`.`atomic` to `12``3`",
        "grant select on table `raw`.`atomic`.`events` to `12``3`",
        "grant use schema on schema `lake`.`crm` to `12``3`",
        "grant select on table `lake`.`crm`.`o'deals` to `12``3`",
    ]
    assert macros("databricks", atomic_table=None, web_tables="snowplow_web").grant_runner(
        "ci", create_schemas=True
    ) == [
        "grant use catalog on catalog `lake` to `ci`",
        "grant create schema on catalog `lake` to `ci`",
        "grant use catalog on catalog `raw` to `ci`",
        "grant use schema on schema `raw`.`d` to `ci`",
        "grant select on table `raw`.`d`.`views` to `ci`",
    ]


def test_a_databricks_reader_is_granted_the_audiences_schema_or_its_views() -> None:
    own = macros("databricks", "cdp_audiences").grant_census_reader("census", bookkeeping=False)
    assert own == [
        "grant use catalog on catalog `lake` to `census`",
        "grant use schema on schema `lake`.`cdp_audiences` to `census`",
        "grant select on schema `lake`.`cdp_audiences` to `census`",
    ]
    shared = macros("databricks").grant_census_reader("census")
    assert shared[0] == "create catalog if not exists `census`"
    assert shared[2:4] == [
        "grant use schema on schema `lake`.`cdp` to `census`",
        "grant select on table `lake`.`cdp`.`aud_prospects` to `census`",
    ]
    assert shared[4:] == [
        "create schema if not exists `census`.`census`",
        "grant use catalog on catalog `census` to `census`",
        "grant all privileges on schema `census`.`census` to `census`",
    ]


def test_the_catalog_of_census_can_be_told_where_it_lies_and_is_made_first() -> None:
    asked = {"managed_location": "s3://o'bucket/census"}
    placed = macros("databricks").grant_census_reader("census", **asked)
    where = r"managed location 's3://o\'bucket/census'"
    assert placed[0] == f"create catalog if not exists `census` {where}"
    assert macros("snowflake").grant_census_reader("c", **asked) == macros(
        "snowflake"
    ).grant_census_reader("c")


def test_statements_are_run_when_asked_to() -> None:
    ran: list[str] = []
    asked = macros("snowflake").knowing(
        adapter={"get_relation": lambda **_: None}, run_query=ran.append
    )
    shown = asked.grant_census_reader("census", bookkeeping=False)
    assert ran == []
    assert asked.grant_census_reader("census", bookkeeping=False, execute=True) == shown == ran
    assert ran[-1] == "grant select on view lake.cdp.aud_prospects to role census"


def test_snowflake_names_that_need_it_are_quoted() -> None:
    statements = macros("snowflake", conversions=[DEALS]).grant_runner(
        'r"; drop database lake --', repository="code.git.repo"
    )
    role = '"r""; drop database lake --"'
    assert statements[0] == f"create role if not exists {role}"
    assert all(statement.endswith(f" to role {role}") for statement in statements[4:])
    assert f"""grant select on view lake.crm."o'deals" to role {role}""" in statements
    assert statements[-1] == f"grant read on git repository code.git.repo to role {role}"


def test_a_target_without_roles_and_audiences_in_two_schemas_are_errors() -> None:
    for name in ("grant_runner", "grant_census_reader"):
        with pytest.raises(CompilationError, match=f"{name}: duckdb has no roles to grant to"):
            getattr(macros("duckdb"), name)("anyone")
    several = macros("snowflake")
    nodes: dict[str, Any] = getattr(several.graph, "nodes")  # noqa: B009
    nodes["mine"] = SimpleNamespace(
        resource_type="model", database="lake", schema="mine", alias="aud_mine", tags=["census"]
    )
    with pytest.raises(CompilationError, match=r"several schemas.*: lake.cdp, lake.mine"):
        several.grant_census_reader("anyone")
