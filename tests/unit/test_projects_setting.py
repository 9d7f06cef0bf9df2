"""DROPSIGHT_PROJECTS: which route belongs to which group of people."""

from __future__ import annotations

import pytest

from dropsight.settings import Settings

pytestmark = pytest.mark.unit


def test_routes_are_given_to_projects():
    given = {"DROPSIGHT_PROJECTS": '{"cxr": "north", "cells": "lab_2.b-c"}'}
    assert Settings.from_environment(given).projects == {"cxr": "north", "cells": "lab_2.b-c"}


def test_without_the_setting_there_are_none():
    assert Settings.from_environment({}).projects == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cxr", "expected a JSON object"),
        ('["cxr"]', "expected e.g."),
        ('{"cxr": 1}', "expected e.g."),
        ('{"": "north"}', "found route ''"),
        ('{"cxr/": "north"}', "found route 'cxr/'"),
        ('{"cxr": ""}', "found project '' for route 'cxr'"),
        ('{"cxr": "a b"}', "legal are 1 to 64 letters"),
        ('{"cxr": "a\\n"}', "found project 'a\\n'"),
        ('{"cxr": "' + "x" * 65 + '"}', "legal are 1 to 64 letters"),
    ],
)
def test_what_is_no_project_is_refused_with_its_name(text: str, sentence: str):
    with pytest.raises(ValueError, match="DROPSIGHT_PROJECTS") as refused:
        Settings.from_environment({"DROPSIGHT_PROJECTS": text})
    assert sentence in str(refused.value)
