"""What `ObjectStore` promises, by every adapter."""

from __future__ import annotations

import pytest

from dropsight.domain.errors import ObjectGone, PreconditionFailed
from dropsight.ports import ObjectStore
from tests.contract.at_once import at_once

pytestmark = pytest.mark.contract

BINARY = bytes(range(256)) + b"\r\n--\r\n\n"


def test_what_was_written_is_read_back_byte_by_byte(objects: ObjectStore) -> None:
    info = objects.write("bucket", "a/b.bin", BINARY)

    assert objects.read("bucket", "a/b.bin") == BINARY
    assert objects.read("bucket", "a/b.bin", info.generation) == BINARY
    assert (info.bucket, info.name, info.size) == ("bucket", "a/b.bin", len(BINARY))


def test_an_empty_object_is_an_object(objects: ObjectStore) -> None:
    info = objects.write("bucket", "empty", b"")

    assert objects.read("bucket", "empty", info.generation) == b""
    assert objects.stat("bucket", "empty").size == 0


def test_content_type_and_metadata_are_kept(objects: ObjectStore) -> None:
    metadata = {"model": "cxr", "note": "Größe 病"}
    written = objects.write("bucket", "x.png", b"1", "application/dicom", metadata=metadata)

    assert objects.stat("bucket", "x.png") == written
    assert (written.content_type, written.metadata) == ("application/dicom", metadata)


def test_a_new_version_forgets_the_metadata_of_the_old_one(objects: ObjectStore) -> None:
    objects.write("bucket", "x", b"1", metadata={"model": "cxr"})
    objects.write("bucket", "x", b"2")

    assert objects.stat("bucket", "x").metadata == {}


@pytest.mark.parametrize("name", ["film 1.dcm", "a/b/c d/ü 病 é.dcm", "100% + #1?&=.png", "a%2Fb"])
def test_unusual_names_are_just_names(objects: ObjectStore, name: str) -> None:
    info = objects.write("bucket", name, b"x")

    assert objects.read("bucket", name, info.generation) == b"x"
    assert [one.name for one in objects.list("bucket")] == [name]


def test_generations_grow_with_every_write(objects: ObjectStore) -> None:
    generations = [objects.write("bucket", "x", b"same").generation for _ in range(20)]

    assert generations == sorted(set(generations))


def test_an_old_generation_is_gone_once_overwritten(objects: ObjectStore) -> None:
    old = objects.write("bucket", "x", b"old")
    new = objects.write("bucket", "x", b"new")

    with pytest.raises(ObjectGone):
        objects.read("bucket", "x", old.generation)
    with pytest.raises(ObjectGone):
        objects.stat("bucket", "x", old.generation)
    assert objects.read("bucket", "x", new.generation) == b"new"


def test_what_never_was_is_gone(objects: ObjectStore) -> None:
    objects.write("bucket", "folder/x", b"")

    for name in ("nothing", "folder", "folder/x/y"):
        with pytest.raises(ObjectGone):
            objects.read("bucket", name)
        with pytest.raises(ObjectGone):
            objects.stat("bucket", name)


def test_generation_zero_means_only_where_nothing_is(objects: ObjectStore) -> None:
    objects.write("bucket", "x", b"first", if_generation_match=0)

    with pytest.raises(PreconditionFailed):
        objects.write("bucket", "x", b"second", if_generation_match=0)
    assert objects.read("bucket", "x") == b"first"


def test_a_generation_can_be_replaced_once(objects: ObjectStore) -> None:
    first = objects.write("bucket", "x", b"first")
    objects.write("bucket", "x", b"second", if_generation_match=first.generation)

    with pytest.raises(PreconditionFailed):
        objects.write("bucket", "x", b"third", if_generation_match=first.generation)
    assert objects.read("bucket", "x") == b"second"


def test_nothing_can_not_be_replaced(objects: ObjectStore) -> None:
    with pytest.raises(PreconditionFailed):
        objects.write("bucket", "x", b"1", if_generation_match=7)
    assert list(objects.list("bucket")) == []


def test_of_twenty_first_writers_one_wins(objects: ObjectStore) -> None:
    def write(number: int) -> bool:
        try:
            objects.write("bucket", "a/x", b"%d" % number * 1000, if_generation_match=0)
        except PreconditionFailed:
            return False
        return True

    won = at_once(20, write)

    assert won.count(True) == 1
    assert objects.read("bucket", "a/x") == b"%d" % won.index(True) * 1000


def test_of_twenty_replacers_of_one_generation_one_wins(objects: ObjectStore) -> None:
    first = objects.write("bucket", "x", b"first")

    def replace(number: int) -> bool:
        try:
            objects.write("bucket", "x", b"%d" % number, if_generation_match=first.generation)
        except PreconditionFailed:
            return False
        return True

    assert at_once(20, replace).count(True) == 1


def test_readers_meet_whole_versions_only(objects: ObjectStore) -> None:
    size = 200_000
    objects.write("bucket", "x", b"a" * size)

    def write_or_read(number: int) -> set[bytes]:
        if number < 2:
            for _ in range(20):
                objects.write("bucket", "x", b"%c" % (97 + number) * size)
            return set()
        return {objects.read("bucket", "x") for _ in range(40)}

    seen = set().union(*at_once(6, write_or_read))

    assert seen <= {b"a" * size, b"b" * size}


def test_deleting_is_done_once_or_more(objects: ObjectStore) -> None:
    objects.write("bucket", "a/x", b"1")
    objects.delete("bucket", "a/x")
    objects.delete("bucket", "a/x")

    with pytest.raises(ObjectGone):
        objects.stat("bucket", "a/x")
    assert list(objects.list("bucket")) == []


def test_deleting_an_old_generation_spares_the_new_one(objects: ObjectStore) -> None:
    old = objects.write("bucket", "x", b"old")
    new = objects.write("bucket", "x", b"new")

    objects.delete("bucket", "x", old.generation)
    assert objects.read("bucket", "x") == b"new"

    objects.delete("bucket", "x", new.generation)
    assert list(objects.list("bucket")) == []


def test_a_name_may_be_used_again_after_deletion(objects: ObjectStore) -> None:
    old = objects.write("bucket", "x", b"old", metadata={"a": "b"})
    objects.delete("bucket", "x")
    new = objects.write("bucket", "x", b"new", if_generation_match=0)

    assert new.generation != old.generation
    assert objects.stat("bucket", "x").metadata == {}


def test_the_list_is_in_order_of_names_and_complete(objects: ObjectStore) -> None:
    names = ["a.txt", "a/1", "a/2/3", "a0", "b", "ä", "A", "z/1", "z/2", "z 3"]
    for name in names:
        objects.write("bucket", name, name.encode())

    listed = list(objects.list("bucket"))

    assert [one.name for one in listed] == sorted(names)
    assert [one.size for one in listed] == [len(name.encode()) for name in sorted(names)]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("a", ["a/1", "a/2/3", "ab"]),
        ("a/", ["a/1", "a/2/3"]),
        ("a/2", ["a/2/3"]),
        ("a/2/3", ["a/2/3"]),
        ("a/2/3/", []),
        ("none/", []),
        ("../", []),
        ("/", []),
    ],
)
def test_a_prefix_is_the_beginning_of_a_name(
    objects: ObjectStore, prefix: str, expected: list[str]
) -> None:
    for name in ("a/1", "a/2/3", "ab", "b/a"):
        objects.write("bucket", name, b"")

    assert [one.name for one in objects.list("bucket", prefix)] == expected
