"""The commands that need no running system: what they print, where, and their exit codes."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from pathlib import Path

import pytest
import yaml

from dropsight.cli.main import main
from dropsight.cli.store import Store, open_store
from dropsight.domain.events import TOPIC_PREDICT, DeadLetter
from dropsight.domain.results import ErrorRecord, Finding, ModelReference, Result, Source
from dropsight.domain.webhooks import read_secrets
from dropsight.settings import Settings
from tests.e2e.tiny_bundle import NAME, write_bundle

pytestmark = pytest.mark.unit

RESULT = Result(
    result_id="abc",
    status="explained",
    timestamps={"queued": 1000.0, "predicted": 1001.0, "explained": 1002.0},
    source=Source(bucket="landing", object="cxr/a.dcm", generation=1, format="dicom"),
    model=ModelReference(name="m", version="1", digest="d", runtime="onnx", task="classification"),
    findings=[Finding(label="pneumonia", probability=0.97, threshold=0.5, positive=True)],
)
LETTER = DeadLetter(
    message_id="42",
    topic=TOPIC_PREDICT,
    data="{}",
    attempts=12,
    reason="500 out of order",
    failed_at=1000.0,
    result_id="lost",
)


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DROPSIGHT_ROOT", str(tmp_path))
    monkeypatch.setenv("DROPSIGHT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("DROPSIGHT_ROUTES", json.dumps({"cxr": NAME}))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(Settings(root=tmp_path))


def test_results_are_one_line_each(store: Store, capsys):
    store.results.create(RESULT)

    assert main(["results"]) == 0
    assert capsys.readouterr().out.split() == ["abc", "explained", "cxr/a.dcm", "pneumonia", "0.97"]


def test_one_result_is_shown_in_full_or_as_json(store: Store, capsys):
    store.results.create(RESULT)

    assert main(["results", "abc"]) == 0
    assert "pneumonia 0.970  positive at 0.50" in capsys.readouterr().out
    assert main(["results", "abc", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["label"] == "pneumonia"


def test_a_failed_result_shows_code_and_sentence(store: Store, capsys):
    error = ErrorRecord(code="no-route", message="no model", retryable=False, stage="ingest")
    store.results.create(Result(result_id="f", status="failed", source=RESULT.source, error=error))

    assert main(["results", "f"]) == 0
    assert "no-route\n             no model" in capsys.readouterr().out


def test_an_unknown_result_is_one_sentence_on_stderr_and_exit_code_2(store: Store, capsys):
    assert main(["results", "nothing"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("dropsight: result nothing: there is none")


def test_only_looking_makes_no_folders(tmp_path: Path, capsys):
    assert main(["results"]) == 2
    assert "holds no .dropsight/" in capsys.readouterr().err
    assert not (tmp_path / ".dropsight").exists()


def test_models_are_listed_with_routes_and_contract(capsys):
    assert main(["models"]) == 0
    said = capsys.readouterr().out
    assert f"cxr/, {NAME}/" in said
    assert "modality DX, CR" in said
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["routes"] == ["cxr", NAME]


def test_pin_prints_what_model_yaml_says_of_a_file_or_folder(tmp_path: Path, capsys):
    (tmp_path / "weights.bin").write_bytes(b"abc")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "weights.bin").write_bytes(b"abc")
    of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    listed = hashlib.sha256(f"{of_abc}  weights.bin\n".encode()).hexdigest()

    for path, sha256 in (("weights.bin", of_abc), ("saved/", listed)):
        assert main(["models", "pin", path]) == 0
        printed = yaml.safe_load(capsys.readouterr().out)
        assert printed == {"artifact": {"path": path.rstrip("/"), "sha256": sha256}}


def test_pin_of_what_is_nowhere_says_so(capsys):
    assert main(["models", "pin", "gone.bin"]) == 1
    assert "gone.bin" in capsys.readouterr().err
    assert main(["models", "pin", "s3://b/o"]) == 1
    assert "legal are a path relative to model.yaml, gs://" in capsys.readouterr().err


def test_a_model_whose_runtime_is_not_installed_is_listed_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed

    assert main(["models"]) == 0
    reason = "runtime onnx is not installed; pip install 'dropsight-inference'"
    assert f"NOT SERVED  {reason}" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["notServed"] == reason


def test_a_folder_without_models_is_exit_code_2(tmp_path: Path, capsys):
    (tmp_path / "empty").mkdir()

    assert main(["models", "--models", str(tmp_path / "empty")]) == 2
    assert "found no <name>/model.yaml" in capsys.readouterr().err


def test_dead_letters_are_listed_shown_and_replayed_to_their_topic(store: Store, capsys):
    store.dead_letters.put(LETTER)

    assert main(["dlq", "list"]) == 0
    assert "42" in capsys.readouterr().out
    assert main(["dlq", "show", "42"]) == 0
    assert "500 out of order" in capsys.readouterr().out
    assert main(["dlq", "replay", "42"]) == 0
    assert store.dead_letters.get("42") is None
    (delivery,) = store.queue.pull("dropsight-predict-push", 5)
    assert delivery.data == b"{}"


def test_all_dead_letters_are_replayed_at_once(store: Store, capsys):
    store.dead_letters.put(LETTER)

    assert main(["dlq", "replay", "--all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"messageId": "42", "topic": TOPIC_PREDICT}]
    assert main(["dlq", "replay", "--all"]) == 1
    assert main(["dlq", "replay", "42"]) == 2


def test_the_secret_of_a_laptop_stays_the_same_and_a_new_one_is_kept_by_nobody(capsys):
    secrets = []
    for arguments in ([], [], ["--new"], ["--new"], []):
        assert main(["webhook", "secret", *arguments]) == 0
        secrets.append(capsys.readouterr().out.strip())

    assert secrets[0] == secrets[1] == secrets[4]
    assert len(set(secrets)) == 3
    for one in secrets:
        (key,) = read_secrets(one)
        assert len(key) == 32


def test_a_secret_that_is_none_is_refused_before_anything_starts(capsys, monkeypatch):
    monkeypatch.setenv("DROPSIGHT_WEBHOOK_URLS", "https://crm.example.org/")
    monkeypatch.setenv("DROPSIGHT_WEBHOOK_SECRET", "hush-hush")
    assert main(["up", "--no-open"]) == 1
    said = capsys.readouterr().err
    assert "DROPSIGHT_WEBHOOK_SECRET: secret 1: expected whsec_" in said
    assert "hush-hush" not in said


def test_listening_on_a_port_in_use_says_so(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["webhook", "listen", "--port", str(port)]) == 1
    assert f"port {port}: Address already in use" in capsys.readouterr().err


def test_a_drop_while_nobody_serves_keeps_the_file_and_says_so(tmp_path: Path, capsys):
    (tmp_path / "a.dcm").write_bytes(b"x")

    assert main(["drop", "--route", "cxr", "a.dcm"]) == 0

    assert (tmp_path / "bucket" / "cxr" / "a.dcm").read_bytes() == b"x"
    said = capsys.readouterr()
    identity, name = said.out.split()
    assert (len(identity), name) == (26, "cxr/a.dcm")
    assert "nobody serves" in said.err


def test_a_drop_of_a_missing_file_drops_nothing_and_is_exit_code_2(tmp_path: Path, capsys):
    (tmp_path / "a.dcm").write_bytes(b"x")

    assert main(["drop", "--route", "cxr", "a.dcm", "gone.dcm"]) == 2
    assert "gone.dcm" in capsys.readouterr().err
    assert not (tmp_path / "bucket" / "cxr").exists()


def test_waiting_where_nobody_serves_is_refused(tmp_path: Path):
    (tmp_path / "a.dcm").write_bytes(b"x")

    assert main(["drop", "--wait", "a.dcm"]) == 1


def test_a_route_to_a_model_that_is_not_there_is_refused_before_anything_starts(capsys):
    assert main(["up", "--route", "cxr=nope", "--no-open"]) == 2
    assert f"there are {NAME}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["up"],
        ["drop"],
        ["watch"],
        ["results"],
        ["models"],
        ["dlq"],
        ["dlq", "list"],
        ["dlq", "show"],
        ["dlq", "replay"],
        ["webhook"],
        ["webhook", "listen"],
        ["webhook", "secret"],
        ["demo"],
    ],
)
def test_every_command_has_a_help_text_with_examples(command: list[str], capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])

    assert ended.value.code == 0
    assert "examples:\n  dropsight" in capsys.readouterr().out
