"""Identity never leaves the landing bucket: files full of planted names go through the whole
system, then everything that came out is searched for them."""

import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from PIL import Image, PngImagePlugin
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from dropsight.cli.samples.film import chest_film
from dropsight.cli.samples.phantom import draw_chest
from tests.e2e.laptop import HTTP, Laptop
from tests.webhook_receiver import Receiver, running_receiver

pytestmark = pytest.mark.e2e

MARK = "QXPLANTED"
UID = "1.2.826.0.1.3680043.9.7777777.1"
DATE = "19830217"

TEXT = {
    "AE": f"{MARK}",
    "LO": f"{MARK} LO",
    "LT": f"{MARK} LT",
    "PN": f"{MARK}^PN",
    "SH": f"{MARK} SH",
    "ST": f"{MARK} ST",
    "UC": f"{MARK} UC",
    "UT": f"{MARK} UT",
    "DA": DATE,
    "AS": "043Y",
    "UI": UID,
}
KEEP = {
    "SOPClassUID",
    "MediaStorageSOPClassUID",
    "TransferSyntaxUID",
    "PatientOrientation",
}
# fmt: off
FURTHER = [
    "OtherPatientNames", "OtherPatientIDs", "PatientAddress", "PatientComments",
    "PatientMotherBirthName", "ReferringPhysicianName", "PerformingPhysicianName",
    "OperatorsName", "InstitutionName", "InstitutionAddress", "StationName", "AccessionNumber",
    "StudyID", "StudyDescription", "ImageComments", "RequestingPhysician",
    "AdditionalPatientHistory", "DeviceSerialNumber", "ProtocolName", "PatientBirthDate",
    "StudyDate", "SeriesDate", "ContentDate", "AcquisitionDate",
]
# fmt: on


def planted(modality: str = "DX") -> bytes:
    """A film with the mark in every attribute that holds text, in sequences and private tags."""
    film = pydicom.dcmread(io.BytesIO(chest_film(draw_chest())))
    for keyword in FURTHER:
        setattr(film, keyword, TEXT[dictionary_VR(keyword)])
    inner = Dataset()
    inner.PatientName = TEXT["PN"]
    inner.CodeMeaning = TEXT["LO"]
    film.RequestAttributesSequence = [inner]
    film.private_block(0x0099, "PLANTED", create=True).add_new(1, "LO", TEXT["LO"])

    def plant(_dataset: Dataset, element: pydicom.DataElement) -> None:
        if element.VR in TEXT and element.keyword not in KEEP:
            value = TEXT[element.VR]
            several = isinstance(element.value, MultiValue)
            element.value = [value] * len(element.value) if several else value

    film.walk(plant)
    film.file_meta.ImplementationVersionName = MARK
    film.file_meta.SourceApplicationEntityTitle = MARK
    film.Modality = modality
    written = io.BytesIO()
    film.save_as(written)
    return written.getvalue()


def planted_png() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", MARK)
    notes.add_itxt("Author", MARK)
    picture = Image.fromarray((draw_chest() >> 4).astype("uint8"))
    exif = picture.getexif()
    exif[0x010E] = MARK  # ImageDescription
    written = io.BytesIO()
    picture.save(written, "PNG", pnginfo=notes, exif=exif)
    return written.getvalue()


def everything_but_the_landing_bucket(laptop: Laptop) -> dict[str, bytes]:
    """Work and results buckets, queue, documents, logs, what the terminal said, the page's API."""
    found = {
        str(path): str(path).encode() + path.read_bytes()
        for path in (laptop.root / ".dropsight").rglob("*")
        if path.is_file()
    }
    found["terminal"] = laptop.output.read_bytes()
    addresses = ["api/results", "v1/results"]
    for result in laptop.results:
        addresses += [f"{place}/results/{result.result_id}" for place in ("api", "v1")]
        addresses.append(f"v1/results/{result.result_id}.csv")
    for address in addresses:
        found[address] = HTTP.request("GET", laptop.url + address).data
    return found


def last_word_of(receiver: Receiver) -> set[str]:
    """The results that a subscriber was told the end of."""
    return {
        one.json()["data"]["result"]["resultId"]
        for one in list(receiver.posts)
        if one.json()["type"] in ("result.explained", "result.failed")
    }


@pytest.fixture
def receiver(laptop: Laptop) -> Iterator[Receiver]:
    with running_receiver() as running:
        laptop.environment["DROPSIGHT_WEBHOOK_URLS"] = running.url
        yield running


def test_no_planted_identifier_is_found_in_anything_that_came_out(
    laptop: Laptop, receiver: Receiver
):
    landing = laptop.bucket / "cxr"
    files = {
        "accepted.dcm": planted(),
        "refused.dcm": planted(modality="CT"),
        "name-as-modality.dcm": planted(modality=MARK),
        "truncated.dcm": planted()[:900_000],
        "picture.png": planted_png(),
    }
    assert all(MARK.encode() in data for data in files.values())
    laptop.up()
    for name, data in files.items():
        (landing / name).write_bytes(data)
    laptop.wait_for(lambda: laptop.ended(len(files)), "all results")
    laptop.wait_for(lambda: len(last_word_of(receiver)) == len(files), "all webhooks")

    statuses = {Path(r.source.object).name: r.status for r in laptop.results}
    assert statuses == {
        "accepted.dcm": "explained",
        "refused.dcm": "failed",
        "name-as-modality.dcm": "failed",
        "truncated.dcm": "failed",
        "picture.png": "explained",
    }
    accepted = next(r for r in laptop.results if r.source.object == "cxr/accepted.dcm")
    assert accepted.study is not None
    assert accepted.study.patient_id  # a pseudonym, and not what the file says
    out = everything_but_the_landing_bucket(laptop)
    # The token in the subscriber's address, of which only the host may be told.
    assert [name for name, data in out.items() if b"t0p" in data] == []
    out |= {f"webhook {number}": post.body for number, post in enumerate(receiver.posts)}
    for secret in (MARK, UID, DATE, "1983-02-17", "043Y"):
        assert [name for name, data in out.items() if secret.encode() in data] == []
