"""Who may ask, how much, and what broken requests come to."""

import io
import random
import struct
import time
import zlib

import httpx
import numpy as np
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

import analogon
from analogon.service.limits import Limits
from analogon.service.tokens import hashed, read_tokens

from .served import NARROW, labels_png, layout, photo, png, serving

ADA, BOB = "a" * 20, "b" * 20


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("guarded") / "data", tokens={ADA: "ada", BOB: "bob"}) as url:
        yield url


def test_tokens(guarded, sentence):
    for token in (None, "wrong"):
        with analogon.Client(guarded, token, patience=0) as client:
            assert client.health().status == "ok"
            with pytest.raises(analogon.ServiceError) as caught:
                list(client.projects())
            assert caught.value.status == 401 and sentence(caught.value)
    answer = httpx.get(f"{guarded}/metrics")
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"


def test_nobody_sees_what_is_anothers(guarded):
    with analogon.Client(guarded, ADA) as ada, analogon.Client(guarded, BOB, patience=0) as bob:
        project = ada.create_project(photo(), layout(), key="k")
        job = ada.wait(ada.render(project, layout(9)), timeout=60)
        assert list(bob.projects()) == [] and list(bob.jobs()) == []
        for ask in (lambda: bob.project(project.id), lambda: bob.render(project, layout()), lambda: bob.job(job),
                    lambda: bob.cancel(job), lambda: bob.download(job), lambda: bob.delete_project(project),
                    lambda: bob.delete_job(job), lambda: bob.wait(job)):  # fmt: skip
            with pytest.raises(analogon.ServiceError) as caught:
                ask()
            assert caught.value.status == 404
        assert bob.create_project(photo(), layout(), key="k").id != project.id
        assert ada.job(job).state == "done"


def test_a_file_of_tokens(tmp_path, sentence):
    path = tmp_path / "tokens"
    path.write_text(f"# those who may\nada {ADA}\nbob sha256:{hashed(BOB)}\n\n")
    assert read_tokens(path) == {hashed(ADA): "ada", hashed(BOB): "bob"}
    for text in ("", "ada", "ada short", "a/b " + ADA, f"ada {ADA} x", "ada sha256:12", f"ada {ADA}\nbob {ADA}"):
        path.write_text(text)
        with pytest.raises(analogon.InputError) as caught:
            read_tokens(path)
        sentence(caught.value, path)


def test_pages_of_other_sites(url):
    data = {"image": png(photo()), "labels": labels_png(layout())}
    refused = httpx.post(f"{url}/v1/projects", files=data, headers={"Origin": "https://elsewhere.example"})
    assert refused.status_code == 403
    assert httpx.get(f"{url}/v1/projects", headers={"Host": "elsewhere.example"}).status_code == 400


def test_limits_of_uploads(tmp_path, sentence):
    with serving(tmp_path / "data", limits=Limits(upload=0.01, pixels=0.0009)) as url:
        with analogon.Client(url, patience=0) as client:
            project = client.create_project(photo(), layout())
            for ask, status in ((lambda: client.create_project(photo(32), layout(side=32)), 422),
                                (lambda: client.render(project, layout(side=31)), 422),
                                (lambda: client.render(project, bytes(11_000)), 413)):  # fmt: skip
                with pytest.raises(analogon.ServiceError) as caught:
                    ask()
                assert caught.value.status == status and sentence(caught.value)
        chunked = httpx.post(f"{url}/v1/projects", content=iter([b"x"]))
        assert chunked.status_code == 411


def test_limits_of_queue_and_time(tmp_path, sentence):
    limits = Limits(queue=2, seconds=1e-6)
    with serving(tmp_path / "data", limits=limits, renders=0) as url, analogon.Client(url, patience=0) as client:
        project = client.create_project(photo(), layout())
        jobs = [client.render(project, layout(9)) for _ in range(2)]
        with pytest.raises(analogon.ServiceError) as caught:
            client.render(project, layout(9))
        assert caught.value.status == 429 and sentence(caught.value)
    with serving(tmp_path / "data", limits=limits, renders=1) as url, analogon.Client(url) as client:
        ended = client.wait(jobs[0], timeout=60)
        assert ended.state == "failed" and "1e-06 seconds" in ended.error


@pytest.mark.slow
def test_a_fit_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr("analogon.service.fitting._STARTING_SECONDS", 6.0)
    limits = Limits(minutes=0.05)
    with serving(tmp_path / "data", limits=limits) as url, analogon.Client(url) as client:
        project = client.create_project(photo(), layout())
        fit = client.fit(project, "semia", recipe="fast", steps=1_000_000, settings=NARROW)
        ended = client.wait(fit, timeout=120)
        assert ended.state == "failed" and "0.05 minutes" in ended.error
        assert set(ended.files) == {"model.safetensors"}


@pytest.mark.parametrize("name", ["upload", "pixels", "seconds", "minutes", "queue", "storage", "total"])
def test_limits_are_numbers_above_zero(name, sentence):
    for value in (0, -1, float("nan"), float("inf"), True):
        with pytest.raises(analogon.OptionError) as caught:
            Limits(**{name: value})
        sentence(caught.value, f"--max-{name}")


def test_figures(client, url, project):
    client.wait(client.render(project, layout(9)), timeout=60)
    httpx.get(f"{url}/v1/jobs/nonsense")
    text = httpx.get(f"{url}/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(text.text):
        for sample in family.samples:
            found[sample.name, *sorted(sample.labels.items())] = sample.value
    assert found["analogon_jobs", ("kind", "render"), ("state", "done")] >= 1
    assert found["analogon_job_seconds_count", ("kind", "render"), ("state", "done")] >= 1
    assert found["analogon_stored_bytes",] == client.storage().used > 0
    assert found["process_resident_memory_bytes",] > 10e6
    routes = {dict(key[1:]).get("route") for key in found if key[0] == "analogon_http_requests_total"}
    assert "/v1/jobs/{job}" in routes and not any(one and "nonsense" in one for one in routes)


# Broken files


def files() -> list[bytes]:
    """Pictures and label maps of many kinds."""
    image, ids = photo(), layout(9)
    found = [png(image, form) for form in ("PNG", "JPEG", "WEBP", "TIFF")]
    found += [labels_png(ids), png(ids.colors()), png((ids.ids * 60).astype(np.uint8))]
    for picture, form, more in (
        (Image.fromarray(ids.ids.astype(np.uint16)), "PNG", {}),
        (Image.fromarray(image).convert("P"), "PNG", {"transparency": 3}),
        (Image.fromarray(image).convert("RGBA"), "TIFF", {"compression": "tiff_lzw"}),
        (Image.fromarray(image).convert("CMYK"), "TIFF", {"compression": "tiff_adobe_deflate"}),
        (Image.fromarray(image).convert("L"), "JPEG", {"progressive": True}),
        (Image.fromarray(image).convert("RGBA"), "WEBP", {"lossless": True}),
    ):
        file = io.BytesIO()
        picture.save(file, form, **more)
        found.append(file.getvalue())
    return found


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A file with something wrong, whose checksums are right now and then."""
    found = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 8])):
        place = dice.randrange(len(found)) if dice.random() < 0.6 else dice.randrange(min(64, len(found)))
        match dice.randrange(6):
            case 0:
                found[place] = dice.randrange(256)
            case 1:
                found[place] ^= 1 << dice.randrange(8)
            case 2:
                del found[place : place + dice.randrange(1, 40)]
            case 3:
                found[place:place] = dice.randbytes(dice.randrange(1, 40))
            case 4:
                found[place : place + 4] = struct.pack(">I", dice.choice([0, 1, 2**16, 2**31 - 1, 2**32 - 1]))
            case 5:
                found[place:] = found[place:] * 2 if dice.random() < 0.3 else b""
        if not found:
            found = bytearray(b"\0")
    return resealed(bytes(found)) if found[:8] == b"\x89PNG\r\n\x1a\n" and dice.random() < 0.7 else bytes(found)


def resealed(data: bytes) -> bytes:
    """A PNG file whose chunks have the checksums that they should."""
    found, place = bytearray(data), 8
    while place + 12 <= len(found):
        (length,) = struct.unpack(">I", found[place : place + 4])
        if place + 12 + length > len(found):
            break
        found[place + 8 + length : place + 12 + length] = struct.pack(
            ">I", zlib.crc32(found[place + 4 : place + 8 + length])
        )
        place += 12 + length
    return bytes(found)


def test_colours_that_are_not_there(url):
    """A PNG of indices without their palette."""
    image = Image.new("P", (16, 16))
    image.putpalette([0, 0, 0, 255, 255, 255])
    file = io.BytesIO()
    image.save(file, "PNG")
    whole = file.getvalue()
    place = whole.index(b"PLTE") - 4
    (length,) = struct.unpack(">I", whole[place : place + 4])
    broken = whole[:place] + whole[place + 12 + length :]
    answer = httpx.post(f"{url}/v1/projects", files={"image": broken, "labels": labels_png(layout())})
    assert answer.status_code == 422 and "damaged" in answer.json()["error"]


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 150), *(pytest.param(seed, 2000, marks=pytest.mark.slow) for seed in (2, 3, 4))]
)
def test_broken_uploads(tmp_path, seed, count):
    dice, known, statuses = random.Random(seed), files(), set()
    limits = Limits(pixels=0.25, queue=count)
    with serving(tmp_path / "data", limits=limits) as url, httpx.Client(base_url=url, timeout=60) as http:
        whole = {"image": png(photo()), "labels": labels_png(layout())}
        project = http.post("/v1/projects", files=whole).json()["id"]
        for n in range(count):
            broken = mutated(dice.choice(known), dice)
            part = ("image", "labels", "target")[n % 3]
            began = time.monotonic()
            if part == "target":
                answer = http.post(f"/v1/projects/{project}/renders", files={"target": broken})
            else:
                answer = http.post("/v1/projects", files={**whole, part: broken})
            assert answer.status_code in (201, 202, 422), (n, answer.status_code, answer.text)
            assert time.monotonic() - began < 20, n
            statuses.add(answer.status_code)
            if answer.status_code == 422:
                assert answer.json()["error"][-1] in ".?" and "Traceback" not in answer.text, answer.text
        assert statuses == {201, 202, 422}
        assert http.get("/health").status_code == 200
        while http.get("/v1/jobs", params={"state": "queued"}).json()["jobs"]:
            time.sleep(0.1)
        failed = http.get("/v1/jobs", params={"state": "failed"}).json()["jobs"]
        assert not [one["error"] for one in failed if "mistake of the program" in one["error"]]


@pytest.mark.filterwarnings("ignore:Unclosed file")  # of the part that was being read
def test_broken_bodies(tmp_path):
    """Bodies that are no forms and no messages."""
    with (
        serving(tmp_path / "data", renders=0, fits=0) as url,
        analogon.Client(url) as client,
        httpx.Client(base_url=url) as http,
    ):
        broken_bodies(http, client.create_project(photo(), layout()))


def broken_bodies(http, project):
    dice = random.Random(5)
    form = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nabc\r\n--x--\r\n'
    message = b'{"method": "semia", "steps": 3, "settings": {"width": 4}, "seed": 1}'
    for n in range(200):
        for body, kind, path in ((form, "multipart/form-data; boundary=x", "/v1/projects"),
                                 (message, "application/json", f"/v1/projects/{project.id}/fits"),
                                 (form, "multipart/form-data", f"/v1/projects/{project.id}/renders")):  # fmt: skip
            if n % 3 == 0 or path.endswith("fits"):
                answer = http.post(path, content=mutated(body, dice), headers={"Content-Type": kind})
                assert answer.status_code in (202, 400, 404, 422), answer.text
                if answer.status_code != 202:
                    assert answer.json()["error"][-1] in ".?"


@pytest.mark.parametrize("body", ['{"method": "semia", "settings": {"width": NaN}}', '{"method": "\\ud800"}', "[1]",
                                  '{"method": "semia", "seed": 1e400}', '{"method": "semia", "x": 1}', "{" * 100_000,
                                  '{"method": "semia", "settings": {"width": ' + "9" * 5000 + "}}"])  # fmt: skip
def test_messages_that_json_has_no_way_to_write(url, project, body):
    answer = httpx.post(
        f"{url}/v1/projects/{project.id}/fits", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422) and answer.json()["error"].endswith(".")
