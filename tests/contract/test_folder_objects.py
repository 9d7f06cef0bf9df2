"""What only a folder can meet: people who copy files, other processes, kill -9."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dropsight.adapters.embedded.objects import UPLOADS, FolderObjectStore
from dropsight.domain.errors import (
    BackendUnavailable,
    MessageInvalid,
    ObjectGone,
    PreconditionFailed,
)
from tests.contract.killed_child import child, kill_when

pytestmark = pytest.mark.contract


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    return tmp_path / "bucket"


@pytest.fixture
def store(tmp_path: Path, bucket: Path) -> FolderObjectStore:
    return FolderObjectStore({"bucket": bucket}, tmp_path / "state")


def names(store: FolderObjectStore) -> list[str]:
    return [one.name for one in store.list("bucket")]


def test_a_file_that_was_copied_in_is_an_object(store: FolderObjectStore, bucket: Path) -> None:
    (bucket / "cxr").mkdir()
    (bucket / "cxr" / "film 1.png").write_bytes(b"pixels")
    os.utime(bucket / "cxr" / "film 1.png", ns=(0, 1_700_000_000_123_456_789))

    (info,) = store.list("bucket")

    assert (info.name, info.size, info.content_type) == ("cxr/film 1.png", 6, "image/png")
    assert info.generation == 1_700_000_000_123_456  # microseconds
    assert store.read("bucket", info.name, info.generation) == b"pixels"


def test_a_file_copied_over_an_object_is_a_new_version(
    store: FolderObjectStore, bucket: Path
) -> None:
    old = store.write("bucket", "x.png", b"old", "application/dicom", metadata={"model": "m"})
    (bucket / "x.png").write_bytes(b"new")
    os.utime(bucket / "x.png", ns=(0, (old.generation + 5) * 1000))

    with pytest.raises(ObjectGone, match=f"expected generation {old.generation}, found"):
        store.read("bucket", "x.png", old.generation)
    found = store.stat("bucket", "x.png")
    assert (found.content_type, found.metadata) == ("image/png", {})
    with pytest.raises(PreconditionFailed):
        store.write("bucket", "x.png", b"late", if_generation_match=old.generation)


def test_generations_grow_even_over_a_file_from_the_future(
    store: FolderObjectStore, bucket: Path
) -> None:
    (bucket / "x").write_bytes(b"future")
    os.utime(bucket / "x", ns=(0, 9_000_000_000_000_000_000))

    assert store.write("bucket", "x", b"now").generation == 9_000_000_000_000_001
    assert store.write("bucket", "x", b"now").generation == 9_000_000_000_000_002


def test_a_file_from_1970_is_not_taken_for_no_file(store: FolderObjectStore, bucket: Path) -> None:
    (bucket / "x").write_bytes(b"old")
    os.utime(bucket / "x", ns=(0, 0))

    assert store.stat("bucket", "x").generation == 1
    with pytest.raises(PreconditionFailed):
        store.write("bucket", "x", b"new", if_generation_match=0)


@pytest.mark.parametrize("name", [".hidden", "a~", "film.dcm.part", "x.crdownload", ".git/config"])
def test_hidden_and_unfinished_files_are_no_objects(
    store: FolderObjectStore, bucket: Path, name: str
) -> None:
    (bucket / name).parent.mkdir(exist_ok=True)
    (bucket / name).write_bytes(b"")

    assert names(store) == []
    with pytest.raises(MessageInvalid):
        store.write("bucket", name, b"")


def test_a_name_that_is_not_utf8_is_left_out(store: FolderObjectStore, bucket: Path) -> None:
    try:
        (bucket / os.fsdecode(b"caf\xe9.dcm")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system allows only UTF-8 names")
    (bucket / "café.dcm").write_bytes(b"")

    assert names(store) == ["café.dcm"]


def test_pipes_and_links_to_folders_are_no_objects(
    store: FolderObjectStore, bucket: Path, tmp_path: Path
) -> None:
    os.mkfifo(bucket / "pipe")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"1")
    (bucket / "link").symlink_to(tmp_path / "elsewhere")
    (bucket / "again").symlink_to(bucket)

    assert names(store) == []
    with pytest.raises(ObjectGone):
        store.read("bucket", "pipe")
    with pytest.raises(MessageInvalid, match="found a folder"):
        store.write("bucket", "pipe", b"")


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/passwd", "a//b", "", "a/", "./a", "a\0b", "x" * 256]
)
def test_a_name_can_not_lead_out_of_its_bucket(
    store: FolderObjectStore, tmp_path: Path, name: str
) -> None:
    (tmp_path / "x").write_bytes(b"outside")

    for attempt in (store.stat, store.read, store.delete):
        with pytest.raises(MessageInvalid, match="legal are"):
            attempt("bucket", name)
    with pytest.raises(MessageInvalid, match="legal are"):
        store.write("bucket", name, b"")
    assert (tmp_path / "x").read_bytes() == b"outside"


def test_a_file_and_a_folder_can_not_share_a_name(store: FolderObjectStore) -> None:
    store.write("bucket", "a/b", b"1")

    with pytest.raises(MessageInvalid, match="found a folder"):
        store.write("bucket", "a", b"2")
    with pytest.raises(MessageInvalid, match="one of its folders is a file"):
        store.write("bucket", "a/b/c/d", b"3")
    store.delete("bucket", "a")
    assert names(store) == ["a/b"]


def test_a_bucket_that_does_not_exist_is_named(store: FolderObjectStore) -> None:
    with pytest.raises(BackendUnavailable, match="bucket other does not exist, there are bucket"):
        store.write("other", "x", b"")


def test_deletion_leaves_no_empty_folders_and_keeps_the_bucket(
    store: FolderObjectStore, bucket: Path
) -> None:
    store.write("bucket", "a/b/c/1", b"")
    store.write("bucket", "a/2", b"")

    store.delete("bucket", "a/b/c/1")
    assert not (bucket / "a" / "b").exists()
    assert (bucket / "a").is_dir()

    store.delete("bucket", "a/2")
    assert [one.name for one in bucket.iterdir()] == [UPLOADS]


def test_a_bucket_that_was_tidied_away_comes_back(store: FolderObjectStore, bucket: Path) -> None:
    shutil.rmtree(bucket)

    assert names(store) == []
    store.write("bucket", "a/x", b"1")
    assert names(store) == ["a/x"]


def test_uploads_of_killed_writers_are_swept_after_an_hour(tmp_path: Path, bucket: Path) -> None:
    (bucket / UPLOADS).mkdir(parents=True)
    for name, age_s in (("old", 3700), ("young", 3500)):
        path = bucket / UPLOADS / name
        path.write_bytes(b"half")
        then = path.stat().st_mtime - age_s
        os.utime(path, (then, then))

    FolderObjectStore({"bucket": bucket}, tmp_path / "state")

    assert [one.name for one in (bucket / UPLOADS).iterdir()] == ["young"]


FIRST_WRITER = """
import sys, time
from pathlib import Path
from dropsight.adapters.embedded.objects import FolderObjectStore
from dropsight.domain.errors import PreconditionFailed
root, me = Path(sys.argv[1]), sys.argv[2]
store = FolderObjectStore({"bucket": root / "bucket"}, root / "state")
print("ready", flush=True)
while not (root / "go").exists():
    time.sleep(0.001)
won = 0
for number in range(50):
    try:
        store.write("bucket", f"a/{number}", me.encode() * 10_000, if_generation_match=0)
        won += 1
    except PreconditionFailed:
        pass
print(won, flush=True)
"""


def test_of_several_processes_each_object_has_one_first_writer(
    tmp_path: Path, store: FolderObjectStore
) -> None:
    with (
        child(FIRST_WRITER, tmp_path, 1) as one,
        child(FIRST_WRITER, tmp_path, 2) as two,
        child(FIRST_WRITER, tmp_path, 3) as three,
    ):
        processes = {b"1": one, b"2": two, b"3": three}
        outputs = {me: process.stdout for me, process in processes.items()}
        for output in outputs.values():
            assert output is not None
            assert output.readline() == "ready\n"
        (tmp_path / "go").touch()
        won = {me: int(output.readline()) for me, output in outputs.items() if output}

    written = [store.read("bucket", f"a/{number}") for number in range(50)]
    assert won == {me: written.count(me * 10_000) for me in processes}
    assert sum(won.values()) == 50


COUNTER = """
import sys
from pathlib import Path
from dropsight.adapters.embedded.objects import FolderObjectStore
from dropsight.domain.errors import ObjectGone, PreconditionFailed
root = Path(sys.argv[1])
store = FolderObjectStore({"bucket": root / "bucket"}, root / "state")
done = 0
while done < 100:
    found = store.stat("bucket", "count")
    try:
        number = int(store.read("bucket", "count", found.generation))
        store.write(
            "bucket", "count", b"%d" % (number + 1), if_generation_match=found.generation
        )
        done += 1
    except (ObjectGone, PreconditionFailed):
        pass
"""


def test_several_processes_count_together_by_replacing_generations(
    tmp_path: Path, store: FolderObjectStore
) -> None:
    store.write("bucket", "count", b"0")

    with (
        child(COUNTER, tmp_path) as one,
        child(COUNTER, tmp_path) as two,
        child(COUNTER, tmp_path) as three,
    ):
        assert [process.wait() for process in (one, two, three)] == [0, 0, 0]

    assert store.read("bucket", "count") == b"300"


ENDLESS_WRITER = """
import sys
from pathlib import Path
from dropsight.adapters.embedded.objects import FolderObjectStore
root = Path(sys.argv[1])
store = FolderObjectStore({"bucket": root / "bucket"}, root / "state")
number = 0
while True:
    number += 1
    text = b"%d," % number
    store.write("bucket", "a/x", text * 100_000, metadata={"number": str(number)})
"""


@pytest.mark.parametrize("writes_before", [1, 20, 50])
def test_a_killed_writer_leaves_a_whole_object_and_no_lock(
    tmp_path: Path, store: FolderObjectStore, writes_before: int
) -> None:
    seen: set[int] = set()

    def written() -> bool:
        seen.update(one.generation for one in store.list("bucket"))
        return len(seen) >= writes_before

    with child(ENDLESS_WRITER, tmp_path) as process:
        kill_when(process, written)

    info = store.stat("bucket", "a/x")
    assert (
        store.read("bucket", "a/x", info.generation)
        == f"{info.metadata['number']},".encode() * 100_000
    )
    assert store.write("bucket", "a/x", b"next").generation > info.generation
