"""Samples through the service: the same as without it, and refused in a sentence."""

import gc
import io
import json
import weakref
import zipfile

import pytest

import analogon
from analogon.augment import Settings, make_dataset
from analogon.augment.inventing import values
from analogon.augment.statistics import describe
from analogon.service import models

from .served import layout, photo


def test_samples(client, tmp_path, sentence):
    project = client.create_project(photo(48), layout(20, 48))
    asked = {"seed": 3, "layouts": ["warps"], "similarity": 1.0, "agreement": 0.0, "cost": 1e6, "stretch": 1e6}
    job = client.wait(client.augment(project, 2, settings=asked, key="two"), timeout=120)
    assert job.state == "done", job.error
    assert job.record["samples"] == 2 and job.kind == "augment"
    packed = zipfile.ZipFile(io.BytesIO(client.download(job, "dataset.zip")))
    folder = tmp_path / "source"
    for name, kind in (("image.png", "images"), ("labels.png", "labels")):
        (folder / kind).mkdir(parents=True)
        content = client._http.get(f"/v1/projects/{project.id}/files/{name}").content
        (folder / kind / "project.png").write_bytes(content)
    made = make_dataset(folder, 2, output=tmp_path / "own", settings=Settings(**asked), workers=1)
    names = sorted(one.relative_to(made.folder).as_posix() for one in (made.folder / "samples").rglob("*.png"))
    assert len(names) == 6
    for name in names:
        assert packed.read(name) == (made.folder / name).read_bytes()
    for wrong in ({"settings": {"nothing": 1}}, {"formats": ["nothing"]}, {"settings": {"method": "nothing"}},
                  {"settings": {"method": ""}},
                  {"settings": {"size": [8000, 8000]}}, {"settings": {"size": [200, 300]}}, {"settings": {"self": 1}},
                  {"settings": {"things": ["nothing"]}}, {"settings": {"targets": {"nothing": 0.5}}},
                  {"settings": {"options": {"nothing": 1}}}, {"settings": {"layouts": ["predicted"]}},
                  {"settings": {"options": {"steps": 5}}}, {"settings": {"options": {"things": ["nothing"]}}},
                  {"settings": {"layouts": ["cells"]}}, {"settings": {"options": {"folder": "/tmp/x"}}},
                  {"settings": {"targets": {"ball": 0.7, "wall": 0.7}}},
                  *({"settings": {"method": "semia", "options": one}}
                    for one in ({"steps": 0}, {"steps": "5"}, {"minutes": -1}, {"minutes": 1e9}, {"steps": 2.5},
                                {"width": "wide"}, {"nothing": 1}))):  # fmt: skip
        with pytest.raises(analogon.ServiceError) as caught:
            client.augment(project, 2, **wrong)
        assert caught.value.status == 422 and sentence(caught.value)
    assert json.loads(json.dumps(job.request))["count"] == 2


def test_a_picture_is_looked_at_once_however_often_samples_are_asked_for(client, monkeypatch, sentence):
    looked = []
    monkeypatch.setattr(values, "describe", lambda *given: looked.append(given) or describe(*given))
    for _ in range(2):
        project = client.create_project(photo(), layout())
        for _ in range(2):
            with pytest.raises(analogon.ServiceError) as caught:
                client.augment(project, 2, settings={"layouts": ["cells"]})
            assert "--layouts cells" in sentence(caught.value)
    assert len(looked) == 2


def test_what_was_measured_is_not_kept_for_ever(client, monkeypatch):
    """However many ways there are to name the classes of objects."""
    measured = weakref.WeakSet()

    def remembered(*given):
        measured.add(found := describe(*given))
        return found

    monkeypatch.setattr(values, "describe", remembered)
    monkeypatch.setattr(models, "MOST_KEPT", 2)
    project = client.create_project(photo(), layout())
    for times in range(1, 6):
        with pytest.raises(analogon.ServiceError, match="--layouts cells"):
            client.augment(project, 2, settings={"layouts": ["cells"], "things": ["ball"] * times})
    gc.collect()
    assert 0 < len(measured) <= 2
