"""The queue on both databases: order, leases, keys, and what becomes of jobs whose server is gone."""

import threading
import time

import pytest
from sqlalchemy import create_engine, delete, make_url, update

from analogon.service import store as stores
from analogon.service.counting import Counts
from analogon.service.room import ALL
from analogon.service.store import FullError, KeyTakenError, NothingError, Store, Submission, new_identity
from analogon.service.tables import Job, Project
from analogon.service.working import Made, Workers

from .served import until


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    found = Store.open(tmp_path, url)
    with found.writing() as session:
        session.execute(delete(Job))
        session.execute(delete(Project))
    yield found
    found.close()


def asked(key=None, digest="d", owner="me"):
    return Submission(owner, key, digest)


@pytest.fixture
def project(store):
    return store.add_project(asked(), new_identity(), "A ball", (16, 16), [])[0].id


def job(store, project, kind="render", queue=100, **more):
    return store.add_job(asked(**more), new_identity(), project, kind, {"seed": 1}, queue, b"png")[0]


def state(store, one):
    return store.job("me", one.id).state


def test_jobs_are_taken_in_order_by_kind(store, project):
    first, fit, second = job(store, project), job(store, project, "fit"), job(store, project)
    assert [store.take("render", "a").id, store.take("render", "b").id] == [first.id, second.id]
    assert store.take("render", "a") is None
    assert store.take("fit", "a").id == fit.id
    assert store.target(first) == b"png"
    assert [one.id for one in store.jobs("me", 0, 10, kind="render")] == [first.id, second.id]
    assert [one.id for one in store.jobs("me", first.number, 1)] == [fit.id]


def test_each_job_is_taken_once_by_many(store, project):
    jobs = [job(store, project).id for _ in range(30)]
    taken: list[str] = []

    def work(name):
        one = store.take("render", name)
        while one is not None:
            taken.append(one.id)
            mine, one = store.end(one, "done", "", record={}, files={})
            assert mine

    threads = [threading.Thread(target=work, args=(f"server {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(jobs)
    assert store.counts() == {("render", "done"): 30}


def test_a_key_makes_one_thing(store, project):
    one = store.add_job(asked("k"), new_identity(), project, "render", {}, 100)[0]
    again, new = store.add_job(asked("k"), new_identity(), project, "render", {}, 100)
    assert (again.id, new) == (one.id, False)
    with pytest.raises(KeyTakenError):
        store.add_job(asked("k", "other"), new_identity(), project, "render", {}, 100)
    assert store.add_job(asked("k", "other", "you"), new_identity(), project, "render", {}, 100)[1]
    made = store.add_project(asked("k"), new_identity(), "x", (16, 16), [])[0]
    assert store.add_project(asked("k"), new_identity(), "x", (16, 16), [])[0].id == made.id


def test_the_queue_has_an_end(store, project):
    job(store, project, queue=1)
    with pytest.raises(FullError):
        job(store, project, queue=1)
    store.take("render", "a")
    job(store, project, queue=1)


def test_others_see_nothing(store, project):
    one = job(store, project)
    for ask in (
        lambda: store.job("you", one.id),
        lambda: store.project("you", project),
        lambda: store.cancel("you", one.id),
        lambda: store.delete_project("you", project),
    ):
        with pytest.raises(NothingError):
            ask()
    assert store.jobs("you", 0, 10) == [] and store.projects("you", 0, 10) == []


def test_cancelling(store, project):
    waits, runs = job(store, project), job(store, project)
    assert store.cancel("me", waits.id).state == "cancelled"
    taken = store.take("render", "a")
    assert taken.id == runs.id
    assert store.cancel("me", runs.id).stopping
    assert store.renew("a", [runs.id]) == ({runs.id}, {runs.id})
    assert not store.delete_job("me", runs.id)
    store.end(taken, "cancelled", "", record={}, files={})
    assert state(store, runs) == "cancelled" and store.cancel("me", runs.id).state == "cancelled"
    assert store.delete_job("me", runs.id)
    with pytest.raises(NothingError):
        store.job("me", runs.id)


def test_a_lease_that_has_run_out(store, project):
    one = job(store, project)
    former = store.take("render", "a")
    assert store.recover() == 0
    with store.writing() as session:
        session.execute(update(Job).values(lease=time.time() - 1))
    assert store.recover() == 1 and state(store, one) == "queued"
    latter = store.take("render", "b")
    assert not store.tell(former, {"stage": "x"}) and not store.put_back(former)
    assert store.end(former, "failed", "no", record={}, files={})[0] is False
    assert store.renew("a", [one.id]) == (set(), set())
    assert state(store, one) == "running"
    assert store.end(latter, "done", "", record={"a": 1}, files={"image.png": 3})[0]
    assert store.recover(alone=True) == 0


def test_one_that_was_to_end_when_its_server_went(store, project):
    one = job(store, project)
    store.take("render", "a")
    store.cancel("me", one.id)
    store.recover(alone=True)
    found = store.job("me", one.id)
    assert (found.state, found.stopping) == ("cancelled", False) and found.ended


def test_who_is_ended_without_its_server_gives_back_the_room_of_its_layout(store, project):
    """Cancelled while it waited, while its server went, or with the servers that it took down."""
    empty = {whose: store.used(whose) for whose in ("me", "you", ALL)}
    yours, mine, last = job(store, project, owner="you"), job(store, project), job(store, project)
    for one in (yours, mine):
        store.take("render", "a")
        store.cancel(one.owner, one.id)
    assert store.used("me") > empty["me"] and store.recover(alone=True) == 2
    store.cancel("me", last.id)
    killed = job(store, project)
    for _ in range(stores.MOST_ATTEMPTS):
        store.take("render", "a")
        assert store.recover(alone=True) == 1
    for one in (yours, mine, last, killed):
        found = store.job(one.owner, one.id)
        assert found.size == len(found.request) and found.ended and not found.server
        with pytest.raises(NothingError):
            store.target(found)
        assert store.delete_job(one.owner, one.id)
    assert {whose: store.used(whose) for whose in empty} == empty


def test_what_waits_or_runs(store, project):
    waits, runs, ended = job(store, project, "fit"), job(store, project), job(store, project, "fit")
    store.take("render", "a")
    store.cancel("me", ended.id)
    assert store.unfinished([waits.id, runs.id, ended.id, "nothing"]) == {waits.id, runs.id}


def test_workers_outlast_a_database_that_has_no_room(tmp_path, postgres):
    url = make_url(postgres).set(drivername="postgresql+psycopg")
    engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.2)
    store = Store.open(tmp_path, postgres)
    project = store.add_project(asked(), new_identity(), "A ball", (16, 16), [])[0].id
    workers = Workers(Store(engine), Counts(), {"render": (lambda task: Made(), 1, 60.0)}, lambda job: None)
    workers.start()
    try:
        with engine.connect():
            time.sleep(1.5)
        assert workers.alive()
        one = job(store, project)
        until(lambda: state(store, one) == "done", 20)
    finally:
        workers.close()
        store.delete_project("me", project)
        store.close()
        engine.dispose()


def test_one_that_takes_its_server_down_ends(store, project):
    one = job(store, project)
    for _ in range(stores.MOST_ATTEMPTS):
        assert state(store, one) == "queued"
        store.take("render", "a")
        store.recover(alone=True)
    assert state(store, one) == "failed" and store.job("me", one.id).error == stores.GIVEN_UP


def test_put_back_in_good_order_costs_no_attempt(store, project):
    one = job(store, project)
    for _ in range(stores.MOST_ATTEMPTS + 2):
        assert store.put_back(store.take("render", "a"))
    assert state(store, one) == "queued" and store.job("me", one.id).attempts == 0
    store.put_back(store.take("render", "a"), tried=True)
    assert store.job("me", one.id).attempts == 1


def test_deleting_a_project_takes_its_jobs_along(store, project):
    one = job(store, project)
    running = store.take("render", "a")
    assert store.delete_project("me", project) == [one.id]
    assert store.end(running, "done", "", record={}, files={})[0] is False
    assert store.versions([one.id]) == {}
    with pytest.raises(NothingError):
        job(store, project)
