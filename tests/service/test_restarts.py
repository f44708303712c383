"""Servers that are killed, or ended, in the middle: what was acknowledged is done."""

import httpx
import numpy as np
import pytest

import analogon
from analogon.cli import main
from analogon.io.images import to_bytes

from .served import NARROW, Process, layout, photo, serving, until


def test_renders_go_on_after_a_kill(tmp_path):
    server = Process(tmp_path / "data")
    try:
        with analogon.Client(server.address) as client:
            project = client.create_project(photo(), layout(), key="p")
            jobs = [client.render(project, layout(4 + n % 6), key=f"r{n}") for n in range(20)]
            server.kill()
            server.start()
            assert client.create_project(photo(), layout(), key="p") == project
            assert [client.render(project, layout(4 + n % 6), key=f"r{n}").id for n in range(20)] == [
                one.id for one in jobs
            ]
            ended = [client.wait(one, timeout=60) for one in jobs]
            assert {one.state for one in ended} == {"done"}
            assert len(list(client.jobs(project))) == 20
            source = analogon.Exemplar(photo().astype(np.float32) / np.float32(255), layout())
            expected = to_bytes(analogon.fit(source).render(layout(4)).image)
            np.testing.assert_array_equal(to_bytes(client.image(ended[18])), expected)
        assert server.end() == 0
    finally:
        server.process.kill()


def steps_of(client, job):
    progress = client.job(job).progress
    return (progress.step or 0) if progress.stage == "training" else 0


@pytest.mark.slow
@pytest.mark.parametrize("way", ["kill", "end"])
def test_a_fit_is_resumed(tmp_path, way):
    server = Process(tmp_path / "data", "--renders", "0")
    try:
        with analogon.Client(server.address) as client:
            project = client.create_project(photo(), layout())
            fit = client.fit(project, "semia", recipe="fast", steps=400, settings=NARROW)
            until(lambda: steps_of(client, fit) > 20)
            reached = steps_of(client, fit)
            getattr(server, way)()
            server.start()
            seen = []
            ended = client.wait(fit, timeout=100, progress=lambda one: seen.append(one.progress))
            assert ended.state == "done" and ended.record["config"]["steps"] == 400
            training = [one.step for one in seen if one.stage == "training"]
            assert min(training) >= reached - 10  # it was not begun anew
            assert ended.record["requested"]["configuration"]["steps"] == 400
            assert client.job(fit).request["steps"] == 400
        server.end()
    finally:
        server.process.kill()


def test_a_server_that_ends_puts_back_what_is_not_done(tmp_path):
    with serving(tmp_path / "data", renders=1) as url, analogon.Client(url) as client:
        project = client.create_project(photo(96), layout(30, 96))
        jobs = [client.render(project, layout(20 + 10 * n, 96)) for n in range(4)]
        until(lambda: client.job(jobs[0]).state != "queued")
    with serving(tmp_path / "data", renders=0) as url, analogon.Client(url) as client:
        assert "queued" in {client.job(one).state for one in jobs}
        assert "running" not in {client.job(one).state for one in jobs}
    with serving(tmp_path / "data") as url, analogon.Client(url) as client:
        assert {client.wait(one, timeout=60).state for one in jobs} == {"done"}


def test_what_fits_have_left_behind_goes(tmp_path):
    with serving(tmp_path / "data", fits=0) as url, analogon.Client(url) as client:
        fit = client.fit(client.create_project(photo(), layout()), "semia", recipe="fast", steps=3)
    work = tmp_path / "data" / "work"
    for name in (fit.id, "0" * 16):
        (work / name).mkdir(parents=True)
    with serving(tmp_path / "data", fits=0):
        assert [one.name for one in work.iterdir()] == [fit.id]


def test_a_folder_has_one_server(tmp_path, capsys):
    with serving(tmp_path / "data", renders=0, fits=0):
        assert main(["serve", "--data", str(tmp_path / "data"), "--port", "0"]) == 2
    assert "Another server uses" in capsys.readouterr().err


def test_two_servers_share_a_database_and_files(tmp_path, postgres):
    place = str(tmp_path / "files")
    with (
        serving(tmp_path / "a", database=postgres, files=place, renders=0) as asked,
        serving(tmp_path / "b", database=postgres, files=place) as working,
        analogon.Client(asked) as client,
    ):
        project = client.create_project(photo(), layout())
        job = client.wait(client.render(project, layout(9)), timeout=60)
        assert job.state == "done" and client.image(job).shape == (16, 16, 3)
        assert httpx.get(f"{working}/v1/jobs/{job.id}").json()["state"] == "done"
        client.delete_project(project)


@pytest.mark.slow
def test_a_fit_on_another_server_is_cancelled(tmp_path, postgres):
    place = str(tmp_path / "files")
    with (
        serving(tmp_path / "a", database=postgres, files=place, renders=0, fits=0) as asked,
        serving(tmp_path / "b", database=postgres, files=place),
        analogon.Client(asked) as client,
    ):
        project = client.create_project(photo(), layout())
        fit = client.fit(project, "semia", recipe="fast", minutes=30, settings=NARROW)
        until(lambda: steps_of(client, fit) > 0)
        client.cancel(fit)
        assert client.wait(fit, timeout=60).state == "cancelled"
        client.delete_project(project)
