"""The OpenAPI description as one page that needs no script and no network."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{background:#f4f4f4;padding:.75rem;overflow:auto}td{padding:.1rem 1rem .1rem 0}"
    "h2{border-top:1px solid #ccc;padding-top:1rem}"
)


def render(described: dict[str, Any]) -> str:
    """Write the page.

    Parameters
    ----------
    described
        The OpenAPI description.
    """
    about = described["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(about['title'])}</title><style>{_STYLE}</style>",
        f"<h1>{escape(about['title'])} {escape(about['version'])}</h1>",
        f"<p>{escape(about['description'])} For programs: <a href=/schema/openapi.json>",
        "the OpenAPI description</a>.</p>",
    ]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parts += _operation(method.upper(), path, operation)
    parts.append("<h1>Bodies</h1>")
    for name, schema in described["components"]["schemas"].items():
        parts.append(f"<h2 id={escape(name)}>{escape(name)}</h2>{_json(schema)}")
    return "\n".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> list[str]:
    parts = [f"<h2>{method} {escape(path)}</h2><p>{escape(operation.get('summary', ''))}.</p>"]
    if "requestBody" in operation:
        field = "domain_userids" if path.endswith("batch") else "domain_userid"
        sent = {field: ["VISITOR"] if field.endswith("s") else "VISITOR"}
        parts.append(
            "<pre>curl -H 'Content-Type: application/json' "
            f"-d '{escape(json.dumps(sent), quote=False)}' http://HOST:PORT{escape(path)}</pre>"
        )
    parts.append("<table>")
    parts += [
        f"<tr><td>{escape(status)}<td>{escape(answer.get('description', ''))}"
        for status, answer in operation["responses"].items()
    ]
    return [*parts, "</table>"]


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON
    return f"<pre>{escape(json.dumps(value, indent=2), quote=False)}</pre>"
