"""How much may be stored, of each owner and in all, and what gives it back."""

import threading
from contextlib import suppress

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

import analogon
from analogon.service.limits import Limits
from analogon.service.room import NoRoomError, Room, sized
from analogon.service.store import NothingError, Store, Submission, new_identity

from .served import layout, photo, serving

ADA, BOB = "a" * 20, "b" * 20
KIB = 2.0**-20
"""In GiB."""


def refused(ask, sentence):
    with pytest.raises(analogon.ServiceError) as caught:
        ask()
    assert caught.value.status == 507
    return sentence(caught.value, "delete")


def stored(folder):
    return sum(one.stat().st_size for one in (folder / "files").rglob("*") if one.is_file())


def test_everybody_has_a_limit(tmp_path, sentence):
    data = tmp_path / "data"
    limits = Limits(storage=6 * KIB, total=8 * KIB)
    with (
        serving(data, tokens={ADA: "ada", BOB: "bob"}, limits=limits) as url,
        analogon.Client(url, ADA, patience=0) as ada,
        analogon.Client(url, BOB, patience=0) as bob,
    ):
        assert (ada.storage().used, ada.storage().most) == (0, 6144)
        first = ada.create_project(photo(), layout(), key="k")
        one = ada.storage().used
        assert one == stored(data) > 500
        projects = []
        while ada.storage().used + one <= 6144:
            projects.append(ada.create_project(photo(), layout()))
        assert "6 KiB that you may store" in refused(lambda: ada.create_project(photo(), layout()), sentence)
        assert ada.create_project(photo(), layout(), key="k") == first  # which is not stored again
        assert ada.storage().used == stored(data) and bob.storage().used == 0
        bob.create_project(photo(), layout())
        for _ in range(8):
            try:
                bob.create_project(photo(), layout())
            except analogon.ServiceError:
                break
        assert "8 KiB that this server stores" in refused(lambda: bob.create_project(photo(), layout()), sentence)
        taken = bob.storage().used
        for project in projects:
            ada.delete_project(project)
        assert ada.storage().used == one and stored(data) == one + taken
        bob.create_project(photo(), layout())


def test_results_are_counted_and_given_back(tmp_path, sentence):
    data = tmp_path / "data"
    with serving(data, renders=1) as url, analogon.Client(url) as client:
        project = client.create_project(photo(64), layout(20, 64))
        empty = client.storage().used
        job = client.wait(client.render(project, layout(30, 64), provenance=True), timeout=60)
        whole = client.storage().used
        assert whole - empty > sum(job.files.values()) == stored(data) - empty
        client.delete_job(job)
        assert client.storage().used == empty == stored(data)
        text = httpx.get(f"{url}/metrics").text
        assert f"analogon_stored_bytes {empty}\n" in text
    limits = Limits(storage=(empty + 4000) * KIB / 1024)  # for what is asked, and not for its result
    with serving(data, renders=1, limits=limits) as url, analogon.Client(url) as client:
        job = client.wait(client.render(project, layout(30, 64), provenance=True), timeout=60)
        assert job.state == "failed" and job.files == {} and sentence(job.error, "delete")
        assert stored(data) == empty and client.storage().used - empty < 1000


@pytest.mark.slow
def test_samples_without_room(tmp_path, sentence):
    data = tmp_path / "data"
    with serving(data, limits=Limits(storage=12 * KIB)) as url, analogon.Client(url) as client:
        project = client.create_project(photo(48), layout(20, 48))
        empty = client.storage().used
        asked = {"layouts": ["warps"], "similarity": 1.0, "agreement": 0.0, "cost": 1e6, "stretch": 1e6}
        job = client.wait(client.augment(project, 1, settings=asked), timeout=120)
        assert job.state == "failed" and sentence(job.error, "delete")
        assert stored(data) == empty and not list((data / "work").iterdir())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_at_once_do_not_exceed_it(tmp_path, request, kind):
    url = request.getfixturevalue("postgres") if kind == "postgresql" else None
    store = Store.open(tmp_path, url, Room(10_000, 15_000))
    refusals: list[str] = []

    def send(owner: str) -> None:
        for _ in range(10):
            try:
                store.add_project(Submission(owner, None, "d"), new_identity(), "x", (1, 1), [], 1000)
            except NoRoomError as error:
                refusals.append(f"{owner} {error}")

    together([lambda owner=owner: send(owner) for owner in ("one", "two", "one", "two")])
    try:
        assert store.used() == store.used("one") + store.used("two") == 15_000
        assert max(store.used("one"), store.used("two")) <= 10_000 and len(refusals) == 25
    finally:
        for owner in ("one", "two"):
            for project in store.projects(owner, 0, 100):
                store.delete_project(owner, project.id)
        assert store.used() == store.used("one") == 0
        store.close()


def make_older(address):
    """Take away what an earlier version of the database did not have."""
    engine = create_engine(address)
    with engine.begin() as connection:
        for change in ("DROP TABLE storage", *(f"ALTER TABLE {one} DROP COLUMN size" for one in ("jobs", "projects"))):
            connection.execute(text(change))
    engine.dispose()


def test_a_database_of_an_earlier_version(tmp_path):
    with serving(tmp_path, renders=1) as url, analogon.Client(url) as client:
        project = client.create_project(photo(), layout())
        of_project = client.storage().used
        client.wait(client.render(project, layout(9)), timeout=60)
    with serving(tmp_path, renders=0) as url, analogon.Client(url) as client:
        client.render(project, layout(8))
        of_jobs = client.storage().used - of_project
    make_older(f"sqlite:///{tmp_path / 'service.sqlite'}")
    with serving(tmp_path) as url, analogon.Client(url) as client:
        client.wait(client.render(project, layout(7)), timeout=60)
        for job in list(client.jobs()):
            assert client.wait(job, timeout=60).state == "done"
        assert client.storage().used > of_jobs + 500  # those of before, and two results
        for job in list(client.jobs())[1:]:
            client.delete_job(job)
        assert 500 < client.storage().used < of_jobs
        client.delete_project(project)
        assert client.storage().used == 0


def test_servers_that_complete_a_database_at_once(tmp_path, postgres):
    failed: list[BaseException] = []

    def begin() -> None:
        try:
            Store.open(tmp_path, postgres).close()
        except analogon.InputError as error:
            failed.append(error)

    Store.open(tmp_path, postgres).close()
    for _ in range(3):
        make_older(make_url(postgres).set(drivername="postgresql+psycopg"))
        together([begin] * 4)
    assert not failed


def together(what):
    threads = [threading.Thread(target=one) for one in what]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_deleted_while_more_comes_is_given_back_once(tmp_path, request, kind):
    store = Store.open(tmp_path, request.getfixturevalue("postgres") if kind == "postgresql" else None)
    asked, before = Submission("me", None, "d"), store.used()

    def send() -> None:
        with suppress(NothingError):
            for _ in range(8):
                store.add_job(asked, new_identity(), project, "render", {}, 10**6, b"x" * 100)

    def remove() -> None:
        with suppress(NothingError):
            store.delete_project("me", project)

    try:
        for _ in range(8):
            project = store.add_project(asked, new_identity(), "x", (1, 1), [], 1000)[0].id
            together([send, send, remove, remove])
            assert store.used() == before and store.used("me") == 0
    finally:
        store.close()


def test_a_cancelled_job_keeps_no_layout(tmp_path):
    store = Store.open(tmp_path)
    asked = Submission("me", None, "d")
    project = store.add_project(asked, new_identity(), "x", (1, 1), [], 1000)[0].id
    job = store.add_job(asked, new_identity(), project, "render", {}, 10, b"x" * 500)[0]
    assert store.used("me") == 1502
    assert store.cancel("me", job.id).state == "cancelled" and store.used("me") == store.used() == 1002
    with pytest.raises(NothingError):
        store.target(job)
    assert store.delete_job("me", job.id) and store.used("me") == 1000
    store.close()


@pytest.mark.parametrize("much", [1e12, 1e308])
def test_limits_may_be_as_good_as_none(tmp_path, much):
    limits = Limits(upload=much, pixels=much, storage=much, total=much)
    assert limits.most_bytes >= 10**18 and limits.most_pixels >= 10**18
    store = Store.open(tmp_path, None, limits.room)
    store.add_project(Submission("me", None, "d"), new_identity(), "x", (1, 1), [], 1000)
    assert store.used() == 1000
    store.close()


def test_a_job_without_files_ends_however_little_room_there_is(tmp_path):
    store = Store.open(tmp_path, room=Room(3000, 3000))
    asked = Submission("me", None, "d")
    project = store.add_project(asked, new_identity(), "x", (1, 1), [], 2000)[0].id
    store.add_job(asked, new_identity(), project, "render", {}, 10, b"target")
    job = store.take("render", "a")
    with pytest.raises(NoRoomError):
        store.end(job, "done", "", record={"a": 1}, files={"image.png": 1000})
    assert store.job("me", job.id).state == "running" and store.target(job) == b"target"
    assert store.end(job, "failed", "no", record={"a": "b" * 5000}, files={})[0]
    assert store.used("me") > 3000  # what was acknowledged is never dropped
    assert store.delete_job("me", job.id) and store.used("me") == store.used() == 2000
    store.close()


def test_sizes_are_read_by_people():
    assert [sized(n) for n in (512, 4000, 3 * 2**20, 20 * 2**30)] == ["0.5 KiB", "3.91 KiB", "3 MiB", "20 GiB"]
