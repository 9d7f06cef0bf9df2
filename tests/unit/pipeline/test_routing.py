from collections.abc import Mapping

import msgspec
import pytest

from dropsight.domain.errors import NoRoute
from dropsight.domain.events import ObjectFinalized
from dropsight.domain.manifests import Accepts, ArtifactFile, InputSpec, Label, Manifest
from dropsight.pipeline.routing import project_of, route_by_attributes, route_by_name
from dropsight.settings import Settings

pytestmark = pytest.mark.unit


def _manifest(name: str, modality: list[str], body_part: list[str]) -> Manifest:
    return Manifest(
        name=name,
        version="1",
        task="classification",
        runtime="onnx",
        artifact=ArtifactFile(path="m.onnx", sha256="0" * 64),
        input=InputSpec(width=4, height=4, channels=1),
        accepts=Accepts(modality=modality, body_part=body_part),
        labels=[Label(id="a")],
        licence="Apache-2.0",
        intended_use="tests",
    )


MODELS = {
    "chest": _manifest("chest", ["CR", "DX"], ["CHEST"]),
    "hand": _manifest("hand", ["DX"], ["HAND"]),
    "cells": _manifest("cells", [], []),
}
ROUTES = {"cxr": "chest"}


def _event(name: str, metadata: Mapping[str, str] | None = None) -> ObjectFinalized:
    return ObjectFinalized(bucket="b", name=name, generation=1, metadata=dict(metadata or {}))


@pytest.mark.parametrize("name", ["cxr/a.dcm", "chest/2026/a.dcm"])
def test_the_first_path_segment_is_a_route_or_a_model(name: str):
    assert route_by_name(_event(name), MODELS, ROUTES) is MODELS["chest"]


def test_metadata_overrides_the_path():
    event = _event("cxr/a.png", {"model": "cells"})
    assert route_by_name(event, MODELS, ROUTES) is MODELS["cells"]


def test_metadata_that_names_no_model_says_which_there_are():
    with pytest.raises(NoRoute, match="found 'cell', legal are cells, chest, hand"):
        route_by_name(_event("cxr/a.png", {"model": "cell"}), MODELS, ROUTES)


def test_an_unknown_folder_says_which_routes_exist():
    with pytest.raises(NoRoute, match="legal are cells/, chest/, cxr/, hand/"):
        route_by_name(_event("crx/a.dcm"), MODELS, ROUTES)


def test_a_file_in_the_root_is_left_to_its_content():
    assert route_by_name(_event("a.dcm"), MODELS, ROUTES) is None


def test_modality_and_body_part_pick_the_model():
    assert route_by_attributes("DX", "HAND", MODELS, ROUTES) is MODELS["hand"]
    assert route_by_attributes("CR", "CHEST", MODELS, ROUTES) is MODELS["chest"]


@pytest.mark.parametrize(("modality", "body_part"), [("CT", "CHEST"), ("DX", None), (None, None)])
def test_attributes_that_fit_no_model_are_told(modality: str | None, body_part: str | None):
    with pytest.raises(NoRoute, match=f"Modality {modality or 'absent'}.*fits no model"):
        route_by_attributes(modality, body_part, MODELS, ROUTES)


def test_attributes_that_fit_two_models_are_told():
    models = {**MODELS, "chest2": _manifest("chest2", ["DX"], [])}
    with pytest.raises(NoRoute, match=r"fits more than one model \(chest, chest2\)"):
        route_by_attributes("DX", "CHEST", models, ROUTES)


def test_a_model_that_stays_out_leaves_a_file_in_the_root_to_the_other_one():
    other = msgspec.structs.replace(MODELS["chest"], name="other", routed_by_attributes=False)
    models = {**MODELS, "other": other}

    assert route_by_attributes("CR", "CHEST", models, ROUTES) is MODELS["chest"]
    assert route_by_name(_event("other/a.dcm"), models, ROUTES) is other


PROJECTS = {"cxr": "north", "hand": "south", "nowhere": "west"}


@pytest.mark.parametrize(
    ("name", "model", "project"),
    [
        ("cxr/a.dcm", "chest", "north"),
        ("chest/a.dcm", "chest", "default"),  # a route of its own, which nobody named
        ("cxr/a.dcm", "cells", "north"),  # metadata chose the model, the path the project
        ("nowhere/a.dcm", None, "west"),
        ("elsewhere/a.dcm", None, "default"),
        ("a.dcm", "hand", "south"),  # the model itself is named
        ("a.dcm", "chest", "north"),  # all routes to it are of one project
        ("a.dcm", "cells", "default"),
        ("a.dcm", None, "default"),
    ],
)
def test_an_upload_belongs_to_the_project_of_the_way_it_came(
    name: str, model: str | None, project: str
):
    settings = Settings(routes=ROUTES, projects=PROJECTS)
    manifest = MODELS[model] if model else None
    assert project_of(_event(name), manifest, settings) == project


def test_routes_of_several_projects_to_one_model_leave_its_files_in_the_root_to_default():
    routes = {**ROUTES, "x-ray": "chest"}
    for other in ("default", "south"):
        settings = Settings(routes=routes, projects={**PROJECTS, "x-ray": other})
        assert project_of(_event("a.dcm"), MODELS["chest"], settings) == "default"
