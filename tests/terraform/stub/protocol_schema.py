"""Schemas in the form of Terraform's plugin protocol, from the classes that cdktf generated."""

from __future__ import annotations

import json
from typing import Any

from tf.gen import tfplugin_pb2 as protocol

from tests.terraform.stub.generated_classes import Attribute, Block, Nested, Resource

Form = protocol.Schema.NestedBlock.NestingMode


def provider_schema(attributes: list[Attribute]) -> protocol.Schema:
    return protocol.Schema(
        block=protocol.Schema.Block(attributes=[_attribute(one) for one in attributes])
    )


def resource_schema(resource: Resource) -> protocol.Schema:
    return protocol.Schema(block=_block(resource.blocks[resource.root], resource.blocks))


def _block(block: Block, known: dict[str, Block]) -> protocol.Schema.Block:
    """What a user can set becomes blocks; what only the provider says becomes computed lists."""
    attributes = [_attribute(one) for one in block.attributes]
    for nested in block.nested:
        if not nested.settable:
            kind = ["list", _object(known[nested.block], known)]
            attributes.append(_attribute(Attribute(nested.name, kind, False, False)))
    return protocol.Schema.Block(
        attributes=attributes,
        block_types=[_nested(one, known) for one in block.nested if one.settable],
    )


def _attribute(attribute: Attribute) -> protocol.Schema.Attribute:
    by_provider = not attribute.settable or attribute.name == "id"
    return protocol.Schema.Attribute(
        name=attribute.name,
        type=json.dumps(attribute.type).encode(),
        required=attribute.required,
        optional=attribute.settable and not attribute.required,
        computed=by_provider and not attribute.required,
    )


def _nested(nested: Nested, known: dict[str, Block]) -> protocol.Schema.NestedBlock:
    content = _block(known[nested.block], known)
    if nested.name == "timeouts":
        return protocol.Schema.NestedBlock(
            type_name=nested.name, block=content, nesting=Form.SINGLE
        )
    return protocol.Schema.NestedBlock(
        type_name=nested.name,
        block=content,
        nesting=Form.SET if nested.form == "set" else Form.LIST,
        min_items=1 if nested.required else 0,
        max_items=1 if nested.form == "one" else 0,
    )


def _object(block: Block, known: dict[str, Block]) -> list[Any]:
    fields: dict[str, Any] = {one.name: one.type for one in block.attributes}
    for nested in block.nested:
        fields[nested.name] = ["list", _object(known[nested.block], known)]
    return ["object", fields]


def archive_schema() -> protocol.GetProviderSchema.Response:
    """What of hashicorp/archive is used: `data "archive_file"`, after its documentation."""
    source = Block(
        [
            Attribute("content", "string", True, True),
            Attribute("filename", "string", True, True),
        ]
    )
    file = Block(
        [
            Attribute("type", "string", True, True),
            Attribute("output_path", "string", True, True),
            Attribute("excludes", ["set", "string"], True, False),
            Attribute("output_file_mode", "string", True, False),
            Attribute("source_dir", "string", True, False),
            Attribute("source_file", "string", True, False),
            *(
                Attribute(name, "number" if name == "output_size" else "string", False, False)
                for name in (
                    "id",
                    "output_base64sha256",
                    "output_base64sha512",
                    "output_md5",
                    "output_sha",
                    "output_sha256",
                    "output_sha512",
                    "output_size",
                )
            ),
        ],
        [Nested("source", "source", "set", True, False)],
    )
    return protocol.GetProviderSchema.Response(
        provider=protocol.Schema(block=protocol.Schema.Block()),
        data_source_schemas={
            "archive_file": protocol.Schema(block=_block(file, {"source": source}))
        },
    )
