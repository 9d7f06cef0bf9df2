import base64
import hashlib

import pytest

from dropsight.domain.identity import digest, result_id

pytestmark = pytest.mark.unit


def test_a_result_id_is_26_base32_characters_of_the_sha256_of_its_parts():
    parts = b'["landing","cxr/a.dcm",7,"m","e"]'
    expected = base64.b32encode(hashlib.sha256(parts).digest()).decode().lower()[:26]
    assert result_id("landing", "cxr/a.dcm", 7, "m", "e") == expected


def test_every_part_of_the_identity_counts():
    base = ("landing", "cxr/a.dcm", 7, "model", "explain")
    others = [
        ("other", *base[1:]),
        (base[0], "cxr/b.dcm", *base[2:]),
        (*base[:2], 8, *base[3:]),
        (*base[:3], "model2", base[4]),
        (*base[:4], "explain2"),
    ]
    assert len({result_id(*one) for one in [base, *others]}) == 6


def test_text_cannot_move_from_one_part_to_the_next():
    assert result_id('a","b', "c", 1, "m", "e") != result_id("a", 'b","c', 1, "m", "e")


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
