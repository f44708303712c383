"""Projects, renders and fits through the client."""

import io
import json
import re
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

import analogon
from analogon.io.images import to_bytes

from .served import NARROW, layout, photo, png, serving


def refused(sentence, ask, status=422):
    with pytest.raises(analogon.ServiceError) as caught:
        ask()
    assert caught.value.status == status, caught.value
    return sentence(caught.value)


def test_a_project(client, project):
    assert (project.title, project.width, project.height) == ("A ball", 16, 16)
    assert [(one.id, one.name, one.color) for one in project.classes] == [
        (1, "wall", "#285aa0"),
        (2, "ball", "#f0c81e"),
    ]
    assert client.project(project.id) == project and project in list(client.projects())


def test_the_picture_is_what_the_method_makes(client, project):
    source = analogon.Exemplar(photo().astype(np.float32) / np.float32(255), layout())
    expected = analogon.fit(source).render(layout(9))
    job = client.wait(client.render(project, layout(9), provenance=True), timeout=60)
    assert job.state == "done" and job.error is None
    np.testing.assert_array_equal(to_bytes(client.image(job)), to_bytes(expected.image))
    assert set(job.files) == {"image.png", "provenance.npy", "labels.png"}
    places = np.load(io.BytesIO(client.download(job, "provenance.npy")))
    np.testing.assert_array_equal(places, expected.provenance.places)
    assert job.record["inputs"] == expected.record()["inputs"]


@pytest.mark.parametrize("change", [{"recipe": "patchmatch"}, {"seed": 3, "recipe": "patchmatch"}, {"keep": "none"},
                                    {"tile": True}, {"settings": {"tone": False}}])  # fmt: skip
def test_options_reach_the_method(client, project, change):
    job = client.wait(client.render(project, layout(9), **change), timeout=60)
    assert job.state == "done", job.error
    record = job.record
    told = {"seed": record["seed"], "recipe": job.request["recipe"], "keep": record["wishes"]["keep"],
            "tile": record["wishes"]["tile"], "settings": {"tone": record["config"]["tone"]}}  # fmt: skip
    assert {name: told[name] for name in change} == change


def test_a_mapping(client, project, sentence):
    pixels = layout(9).colors()
    pixels[(pixels == (240, 200, 30)).all(-1)] = (10, 200, 30)
    assert "#" in refused(sentence, lambda: client.render(project, Image.fromarray(pixels)))
    job = client.render(project, Image.fromarray(pixels), mapping={"#0ac81e": "ball"})
    assert client.wait(job, timeout=60).state == "done"


def test_what_cannot_be_done_is_a_sentence(client, project, sentence):
    refused(sentence, lambda: client.create_project(photo(), layout(side=20)))
    assert "'image'" in refused(sentence, lambda: client.create_project(b"no picture", layout()))
    assert "'labels'" in refused(sentence, lambda: client.create_project(photo(), png(photo())[:400]))
    assert "semia" in refused(sentence, lambda: client.render(project, layout(), method="semia"))
    assert "'tree'" in refused(sentence, lambda: client.render(project, layout(), settings={"things": ["tree"]}))
    assert "'x'" in refused(sentence, lambda: client.render(project, layout(), settings={"x": 1}))
    assert "patch" in refused(sentence, lambda: client.fit(project, "patch"))
    refused(sentence, lambda: client.render(project, layout(), model="0" * 16))
    refused(sentence, lambda: client.render(project, layout(), method="gpnn", provenance=True, polish=False))
    refused(sentence, lambda: client.render("0" * 16, layout()), 404)
    refused(sentence, lambda: client.job("0" * 16), 404)
    refused(sentence, lambda: client.fit(project, "semia", minutes=1e9))


def test_a_repeated_request_is_answered_as_the_first_time(client, project, sentence):
    first = client.render(project, layout(9), key="once")
    assert client.render(project, layout(9), key="once").id == first.id
    refused(sentence, lambda: client.render(project, layout(8), key="once"), 409)
    made = client.create_project(photo(), layout(), key="once")
    assert client.create_project(photo(), layout(), key="once") == made
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(client.render(project, layout(9), key="at-once").id))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1


def test_a_fit_and_its_model(client, project):
    seen = []
    fit = client.fit(project, "semia", recipe="fast", steps=6, settings=NARROW)
    fit = client.wait(fit, timeout=120, progress=lambda one: seen.append((one.state, one.progress.stage)))
    assert fit.state == "done", fit.error
    assert seen[0][0] in ("queued", "running") and seen[-1] == ("done", "finished")
    assert set(fit.files) == {"model.safetensors"} and fit.record["config"]["steps"] == 6
    job = client.wait(client.render(project, layout(9), model=fit), timeout=60)
    assert job.state == "done" and job.record["method"] == "semia"
    client.delete_job(fit)
    with pytest.raises(analogon.ServiceError):
        client.render(project, layout(9), model=fit)


@pytest.mark.slow
def test_a_fit_that_is_cancelled_keeps_what_it_has_learnt(client, project):
    fit = client.fit(project, "semia", recipe="fast", minutes=30, settings=NARROW)

    def listen(one):
        if one.progress.stage == "training" and (one.progress.step or 0) > 3:
            client.cancel(one)

    fit = client.wait(fit, timeout=120, progress=listen)
    assert fit.state == "cancelled" and set(fit.files) == {"model.safetensors"}
    assert client.wait(client.render(project, layout(9), model=fit), timeout=60).state == "done"


def test_steps_are_no_setting_of_a_fit(client, project, sentence):
    assert "beside" in refused(sentence, lambda: client.fit(project, "semia", settings={**NARROW, "steps": 4}))


def test_waiting_ends_in_time(tmp_path):
    with serving(tmp_path / "data", renders=0) as url, analogon.Client(url) as client:
        job = client.render(client.create_project(photo(), layout()), layout(9))
        seen, began = [], time.monotonic()
        with pytest.raises(analogon.ServiceError, match=r"has not ended in 2\.5 seconds: it is queued"):
            client.wait(job, timeout=2.5, progress=seen.append)
        assert 2.4 < time.monotonic() - began < 5
        assert seen == [job]  # once, however often the stream was opened


def test_events(client, url, project):
    job = client.wait(client.render(project, layout(7)), timeout=60)
    with httpx.stream("GET", f"{url}/v1/jobs/{job.id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = list(answer.iter_lines())
    assert lines[1] == "event: job" and json.loads(lines[2].removeprefix("data: "))["state"] == "done"


def test_lists(client, project):
    jobs = [client.render(project, layout(n)) for n in (4, 5, 6)]
    for one in jobs:
        client.wait(one, timeout=60)
    done = [one.id for one in client.jobs(project, kind="render", state="done")]
    assert done[-3:] == [one.id for one in jobs]
    page = client._http.get("/v1/jobs", params={"limit": 2}).json()
    assert len(page["jobs"]) == 2
    rest = client._http.get("/v1/jobs", params={"after": page["next"], "limit": 1000}).json()
    assert {one["id"] for one in page["jobs"]}.isdisjoint(one["id"] for one in rest["jobs"]) and rest["next"] is None


def test_files_and_deletion(client, tmp_path, sentence):
    mine = client.create_project(photo(), layout(), "\ttwo\nlines\x00")
    assert mine.title == "two lines"
    job = client.wait(client.render(mine, layout(9)), timeout=60)
    paths = client.save(job, tmp_path / "out")
    assert [path.name for path in paths] == ["image.png"]
    stored = client._http.get(f"/v1/projects/{mine.id}/files/labels.png").content
    np.testing.assert_array_equal(analogon.read_labels(Image.open(io.BytesIO(stored))).ids, layout().ids)
    client.delete_job(job)
    refused(sentence, lambda: client.job(job), 404)
    client.delete_project(mine)
    refused(sentence, lambda: client.project(mine.id), 404)
    refused(sentence, lambda: client.render(mine, layout()), 404)


def test_label_maps_of_every_kind(client, project, tmp_path):
    analogon.write_labels(tmp_path / "target.png", layout(9))
    given = [layout(9), tmp_path / "target.png", (tmp_path / "target.png").read_bytes(), layout(9).ids,
             layout(9).colors(), Image.open(tmp_path / "target.png")]  # fmt: skip
    pictures = [client.image(client.wait(client.render(project, one), timeout=60)) for one in given]
    for one in pictures[1:]:
        np.testing.assert_array_equal(one, pictures[0])


@pytest.mark.slow
def test_the_page_tells_it_as_it_is(url, tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "service.md").read_text()
    (block,) = re.findall(r"^```py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    analogon.write_image("photo.jpg", photo())
    analogon.write_labels("labels.png", layout())
    analogon.write_labels("moved.png", layout(9))
    quick = block.replace("http://127.0.0.1:8770", url).replace("minutes=10", "steps=3")
    names: dict[str, object] = {}
    exec(quick, names)
    assert (tmp_path / "out" / "image.png").exists()
    assert names["fit"].state == "done" and names["job"].state == "done"
