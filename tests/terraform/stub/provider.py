"""Terraform providers that know a schema and do nothing: enough for `validate` and `test`.

    python tests/terraform/stub/provider.py SCHEMAS TERRAFORM

SCHEMAS is a folder with `<provider>.schema` (see `extract.py`), TERRAFORM the configuration. Prints
one line, the value of TF_REATTACH_PROVIDERS with which Terraform finds them, and serves until its
standard input is closed (by hand: leave it open in one terminal, and give the line to Terraform in
another).

One process serves any number of runs; with `dev_overrides` Terraform would start nine for each.
`validate` needs the schema only; `terraform test` takes values from `mock_provider`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from tf.gen import grpc_stdio_pb2_grpc as stdio
from tf.gen import tfplugin_pb2 as protocol
from tf.gen import tfplugin_pb2_grpc as calls


class SchemaOnly(calls.ProviderServicer):
    """Answers what is in the schema; every other call stays unimplemented, so it fails loudly."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema

    def GetProviderSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._schema

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return protocol.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return protocol.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return protocol.ValidateDataResourceConfig.Response()

    def StopProvider(self, request: Any, context: Any) -> Any:  # noqa: N802
        return protocol.StopProvider.Response()


class Silent(stdio.GRPCStdioServicer):
    """Terraform listens to what a provider prints."""

    def StreamStdio(self, request: Any, context: Any) -> Any:  # noqa: N802
        return iter(())


def read_schema(path: Path, configuration: Path) -> Any:
    """With the types that `configuration` names, misspelled ones being none: Terraform reads all of
    a schema at each start, which takes it a second for the 1,500 types of google's provider."""
    schema = protocol.GetProviderSchema.Response.FromString(path.read_bytes())
    for keyword, schemas in (
        ("resource", schema.resource_schemas),
        ("data", schema.data_source_schemas),
    ):
        pattern = re.compile(rf'^{keyword} "(\w+)"', re.MULTILINE)
        named = {
            name
            for file in configuration.glob("*.tf")
            for name in pattern.findall(file.read_text())
        }
        for name in set(schemas) - named:
            del schemas[name]
    return schema


def serve(schema: Any, socket: Path) -> grpc.Server:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    calls.add_ProviderServicer_to_server(SchemaOnly(schema), server)
    stdio.add_GRPCStdioServicer_to_server(Silent(), server)
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    return server


def main(schemas: Path, configuration: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        servers, addresses = [], {}
        for path in sorted(schemas.glob("*.schema")):
            socket = Path(folder) / path.stem
            servers.append(serve(read_schema(path, configuration), socket))
            addresses[f"registry.terraform.io/hashicorp/{path.stem}"] = {
                "Protocol": "grpc",
                "ProtocolVersion": 6,
                "Pid": os.getpid(),
                "Test": True,
                "Addr": {"Network": "unix", "String": str(socket)},
            }
        print(json.dumps(addresses), flush=True)  # noqa: T201
        sys.stdin.read()
        for server in servers:
            server.stop(grace=None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
