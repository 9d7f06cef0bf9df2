"""Write schemas for the stub provider: `<provider>.schema` beside cdktf's wheels.

    python -m tests.terraform.stub.extract FOLDER

A wheel of cdktf wraps one provider for other languages: in the wheel, an npm package; in that, a
generated JavaScript class for each resource. `generated_classes.py` reads these. cdktf has ended;
its last packages have the providers' version 6.50.0. docs/decisions/0016 says what that leaves
unproven.
"""

from __future__ import annotations

import io
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tf.gen import tfplugin_pb2 as protocol

from tests.terraform.stub.generated_classes import read_provider, read_resource
from tests.terraform.stub.protocol_schema import archive_schema, provider_schema, resource_schema

PACKAGE = "cdktf_cdktf_provider_"
_SOURCE = re.compile(r"package/lib/([\w-]+)/index\.js")
_SOURCE_MAP = b"\n//# sourceMappingURL"


def sources(wheel: Path) -> Iterator[tuple[str, str]]:
    """Folder and JavaScript of each generated file."""
    with zipfile.ZipFile(wheel) as outer:
        (package,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        content = io.BytesIO(outer.read(package))
    with tarfile.open(fileobj=content, mode="r:gz") as inner:
        for member in inner:
            path = _SOURCE.fullmatch(member.name)
            file = inner.extractfile(member) if path else None
            if path and file:
                yield path[1], file.read().partition(_SOURCE_MAP)[0].decode()


def extract(wheel: Path) -> protocol.GetProviderSchema.Response:
    answer = protocol.GetProviderSchema.Response()
    for folder, javascript in sources(wheel):
        if folder == "provider":
            answer.provider.CopyFrom(provider_schema(read_provider(javascript)))
        elif resource := read_resource(javascript):
            kind = answer.data_source_schemas if resource.is_data else answer.resource_schemas
            kind[resource.type_name].CopyFrom(resource_schema(resource))
    return answer


def write(schema: protocol.GetProviderSchema.Response, folder: Path, provider: str) -> None:
    (folder / f"{provider}.schema").write_bytes(schema.SerializeToString(deterministic=True))


def main(folder: Path) -> None:
    for wheel in folder.glob(f"{PACKAGE}*.whl"):
        provider = wheel.name.partition("-")[0].removeprefix(PACKAGE).replace("_", "-")
        write(extract(wheel), folder, provider)
    write(archive_schema(), folder, "archive")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
