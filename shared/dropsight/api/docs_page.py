"""The OpenAPI document as one page: no script, and nothing is loaded, so it works offline."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import Any

from dropsight.api.openapi import document

LONGEST_EXAMPLE = 6000
"""Characters of a recorded answer that the page shows."""

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --mark: #0a6c74; }
@media (prefers-color-scheme: dark) { :root { --mark: #4fc3cc; } }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 54rem; margin: auto; padding: 2rem 1rem; }
h1 { margin: 0; }
h2 { margin: 3rem 0 0.5rem; text-transform: capitalize; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
h3 { margin: 0; font-size: 1.05rem; }
h3 code { background: none; padding: 0; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 700; color: var(--mark); }
a { color: var(--mark); }
nav ul { columns: 2; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem 0.3rem 0; }
td { border-top: 1px solid var(--soft); }
code, pre { font: 0.9em/1.5 ui-monospace, monospace; background: var(--soft); border-radius: 4px; }
code { padding: 0.1em 0.3em; }
pre { padding: 0.7rem; overflow-x: auto; }
summary { cursor: pointer; margin: 0.4rem 0; }
@media (max-width: 40rem) { nav ul { columns: 1; } }
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: its own style and nothing else."""


@cache
def page() -> str:
    """HTML5."""
    described = document()
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>dropsight {escape(described['info']['version'])}: HTTP API</title>",
            f"<style>{STYLE}</style></head><body>",
            "<header><h1>dropsight: HTTP API</h1>",
            *(f"<p>{_words(one)}</p>" for one in described["info"]["description"].split("\n\n")),
            '<p><a href="/v1/openapi.json">openapi.json</a>: this for programs (OpenAPI 3.1).</p>',
            "</header>",
            *_contents(described),
            "<main>",
            *_operations(described),
            *_schemas(described),
            "</main></body></html>",
        )
    )


def _by_tag(described: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    """(method, path, operation) of each tag."""
    every = [
        (method.upper(), path, operation)
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    ]
    for tag in described["tags"]:
        yield tag["name"], [one for one in every if tag["name"] in one[2]["tags"]]


def _contents(described: Mapping[str, Any]) -> Iterator[str]:
    yield '<nav aria-label="Contents"><ul>'
    for _, operations in _by_tag(described):
        for _, _, operation in operations:
            name, summary = operation["operationId"], escape(operation["summary"])
            yield f'<li><a href="#{name}">{summary}</a></li>'
    yield "</ul></nav>"


def _operations(described: Mapping[str, Any]) -> Iterator[str]:
    for tag, operations in _by_tag(described):
        yield f"<h2>{escape(tag)}</h2>"
        for method, path, operation in operations:
            yield f'<section id="{operation["operationId"]}">'
            yield f'<h3><span class="method">{method}</span> <code>{escape(path)}</code></h3>'
            yield f"<p><strong>{escape(operation['summary'])}.</strong>"
            yield f"{_words(operation.get('description', ''))}</p>"
            yield from _parameters(operation)
            yield from _bodies(operation)
            yield from _responses(operation)
            yield "</section>"


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    if "parameters" not in operation:
        return
    yield "<table><thead><tr><th>parameter</th><th>legal</th><th>meaning</th></tr></thead><tbody>"
    for one in operation["parameters"]:
        yield (
            f"<tr><td><code>{escape(one['name'])}</code></td><td>{_legal(one['schema'])}</td>"
            f"<td>{_words(one['description'])}</td></tr>"
        )
    yield "</tbody></table>"


def _legal(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        words = ", ".join(schema["enum"])
    elif "minimum" in schema:
        words = f"{schema['minimum']} to {schema['maximum']}"
    else:
        words = " or ".join(one["format"] for one in schema.get("anyOf", ())) or schema["type"]
    default = schema.get("default")
    return escape(words if default is None else f"{words}; default {json.dumps(default)}")


def _bodies(operation: Mapping[str, Any]) -> Iterator[str]:
    if "requestBody" in operation:
        kinds = " or ".join(
            f"<code>{escape(one)}</code>" for one in operation["requestBody"]["content"]
        )
        yield f"<p>Body: {kinds}.</p>"


def _responses(operation: Mapping[str, Any]) -> Iterator[str]:
    commands = {one["label"]: one["source"] for one in operation.get("x-codeSamples", ())}
    for status, answer in operation["responses"].items():
        yield f"<p><code>{status}</code> {_words(answer['description'])}{_kind(answer)}</p>"
        for content in answer.get("content", {}).values():
            for title, example in content.get("examples", {}).items():
                yield f"<p>{escape(title)}</p><pre>{escape(commands.pop(title))}</pre>"
                yield "<details><summary>what it answers</summary>"
                yield f"<pre>{escape(_shown(example['value']))}</pre></details>"
    for title, source in commands.items():  # their answers are pictures, or text for machines
        yield f"<p>{escape(title)}</p><pre>{escape(source)}</pre>"


def _kind(answer: Mapping[str, Any]) -> str:
    names = [
        content["schema"]["$ref"].rpartition("/")[2]
        for content in answer.get("content", {}).values()
        if "$ref" in content.get("schema", {})
    ]
    return "".join(f' <a href="#schema-{name}">{name}</a>' for name in names)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}\n…"


def _schemas(described: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>schemas</h2>"
    for name, schema in described["components"]["schemas"].items():
        yield f'<section id="schema-{name}"><h3>{name}</h3>'
        yield f"<details><summary>{_words(schema.get('description', 'JSON Schema'))}</summary>"
        yield f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre></details>"
        yield "</section>"


def _words(text: str) -> str:
    """Prose with `code` in it."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
