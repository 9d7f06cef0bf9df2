"""What a class of cdktf's generated JavaScript says about one block of a Terraform schema.

cdktf writes for each resource a class, and one more for each nested block, in a fixed form:

    get ackDeadlineSeconds() {                          an attribute: its name and its type
        return this.getNumberAttribute('ack_deadline_seconds');
    }
    set ackDeadlineSeconds(value) {                     the user may set it,
    resetAckDeadlineSeconds() {                         and may leave it out
    this._retryPolicy = new XRetryPolicyOutputReference(this, "retry_policy");   a block, once
    this._filters = new XFiltersList(this, "filters", true);   blocks; true: a set of them

What the form does not tell: whether an optional attribute is computed as well, and the largest
number of blocks other than one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TYPES = {
    "Boolean": "bool",
    "BooleanMap": ["map", "bool"],
    "List": ["list", "string"],
    "Number": "number",
    "NumberList": ["list", "number"],
    "NumberMap": ["map", "number"],
    "String": "string",
    "StringMap": ["map", "string"],
}
"""cdktf's getters, to the types of Terraform's protocol."""

_CLASS = re.compile(r"^class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_ATTRIBUTE = re.compile(
    r"^    get (\w+)\(\) \{\n"
    r"        return (?:cdktf\.Token\.\w+\()?(cdktf\.Fn\.tolist\()?"
    r"this\.get(\w+)Attribute\('(\w+)'\)",
    re.MULTILINE,
)
_NESTED = re.compile(
    r"// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n"
    r"\s+this\._(\w+) = new (cdktf\.)?(\w+)\(this, \"\w+\"(?:, (true|false))?\)"
)
_SETTER = re.compile(r"^    (?:set |put)(\w+)\(value\)", re.MULTILINE)
_RESET = re.compile(r"^    reset(\w+)\(\)", re.MULTILINE)
_PROVIDERS = re.compile(
    r"^            (\w+): \{\n\s+value: .*\n\s+isBlock: false,\n"
    r"\s+type: \"\w+\",\n\s+storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
_STORED = {
    "boolean": "bool",
    "number": "number",
    "string": "string",
    "stringList": ["list", "string"],
    "stringMap": ["map", "string"],
}
_TYPE_NAME = re.compile(r"terraformResourceType: '(\w+)'")


@dataclass(frozen=True)
class Attribute:
    name: str
    type: object
    """In the form of Terraform's protocol: "string", or ["list", "string"]."""
    settable: bool
    required: bool


@dataclass(frozen=True)
class Nested:
    name: str
    block: str
    """Name of the class of its content."""
    form: str
    """`one`, `list` or `set`."""
    settable: bool
    required: bool


@dataclass(frozen=True)
class Block:
    attributes: list[Attribute] = field(default_factory=list)
    nested: list[Nested] = field(default_factory=list)


@dataclass(frozen=True)
class Resource:
    type_name: str
    is_data: bool
    root: str
    blocks: dict[str, Block]
    """By the name of their class."""


def read_resource(javascript: str) -> Resource | None:
    """The resource or data source of one file; None if it holds neither."""
    blocks: dict[str, Block] = {}
    found: tuple[str, bool, str] | None = None
    for name, base, body in _CLASS.findall(javascript):
        if base == "ComplexList":
            continue
        blocks[name.removesuffix("OutputReference")] = _block(body)
        type_name = _TYPE_NAME.search(body)
        if base in ("TerraformResource", "TerraformDataSource") and type_name:
            found = (type_name[1], base == "TerraformDataSource", name)
    return Resource(found[0], found[1], found[2], blocks) if found else None


def read_provider(javascript: str) -> list[Attribute]:
    """The provider's own configuration: all of it is optional, its blocks are left out."""
    return [
        Attribute(name, _STORED[stored], settable=True, required=False)
        for name, stored in _PROVIDERS.findall(javascript)
        if stored in _STORED
    ]


def _block(body: str) -> Block:
    settable = {_first_lower(name) for name in _SETTER.findall(body)}
    optional = {_first_lower(name) for name in _RESET.findall(body)}
    block = Block()
    for camel, from_set, getter, name in _ATTRIBUTE.findall(body):
        kind = TYPES.get(getter)
        if kind is None:
            continue
        if from_set and isinstance(kind, list):
            kind = ["set", *kind[1:]]
        can = camel in settable
        block.attributes.append(Attribute(name, kind, can, can and camel not in optional))
    for name, _computed, _optional, _required, camel, cdktf, made, wraps_set in _NESTED.findall(
        body
    ):
        can = camel in settable
        must = can and camel not in optional
        if cdktf:  # a map that the provider computes: cdktf.StringMap
            element = made.removesuffix("Map").lower().replace("boolean", "bool")
            if made.endswith("Map") and not made.endswith("ComplexMap"):
                block.attributes.append(Attribute(name, ["map", element], can, must))
            continue
        if made.endswith("OutputReference"):
            form = "one"
        elif made.endswith("Map"):
            continue
        else:
            form = "set" if wraps_set == "true" else "list"
        content = made.removesuffix("OutputReference")
        if form != "one":
            content = content.removesuffix("List")
        block.nested.append(Nested(name, content, form, can, must))
    return block


def _first_lower(name: str) -> str:
    return name[:1].lower() + name[1:]
