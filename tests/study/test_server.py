"""The application that serves a study, asked over HTTP."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from analogon.study.design import Study
from analogon.study.server import LARGEST_BODY, create_app
from analogon.study.store import Store

from .compared import words_in
from .people import Person, Served, ids, rows


@pytest.fixture
def client(standing: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=standing.url, timeout=20) as client:
        yield client


def test_a_participant_answers_and_comes_back(client, standing):
    person = Person(client)
    screens = person.screens()
    assert [screen["criterion"] for screen in screens] == ["appearance"] * 4 + ["layout"] * 4
    assert all(screen["answer"] is None for screen in screens)
    assert all(bool(screen["target_layout"]) == (screen["criterion"] == "layout") for screen in screens)
    ranking = ids(screens[0])[::-1]
    assert person.put(screens[0], ranking).json() == {"edit": 1}
    again = person.screens()
    assert [ids(screen) for screen in again] == [ids(screen) for screen in screens]
    assert again[0]["answer"] == {"ranking": ranking, "seconds": 3.5, "moves": 1, "edit": 1}
    assert sum(screen["answer"] is not None for screen in again) == 1
    (row,) = rows(standing.folder, person.code)
    assert row[:4] == (screens[0]["question"], "appearance", ranking, 1)


def test_a_change_takes_the_place_and_a_retry_does_not_double(client, standing):
    person = Person(client)
    screen = person.screens()[0]
    first, second = ids(screen), ids(screen)[::-1]
    for _ in range(3):
        assert person.put(screen, first).status_code == 200
    (row,) = rows(standing.folder, person.code)
    assert row[-1] == row[-2], "a retry changes nothing"
    assert person.put(screen, second, edit=2).status_code == 200
    late = person.put(screen, first, edit=1)
    assert late.status_code == 409, "a retry that comes late does not take back a newer answer"
    assert person.put(screen, first, edit=2).status_code == 409
    assert person.screens()[0]["answer"]["ranking"] == second
    assert len(rows(standing.folder, person.code)) == 1
    other = person.screens()[4]
    assert person.put(other, ids(other)).status_code == 200
    assert len(rows(standing.folder, person.code)) == 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda one: {"ranking": one[:-1]}, 422),
        (lambda one: {"ranking": [*one[:-1], one[0]]}, 422),
        (lambda one: {"ranking": [*one, one[0]]}, 422),
        (lambda one: {"ranking": [*one[:-1], "0" * 12]}, 422),
        (lambda one: {"ranking": ["a"] * 50}, 422),
        (lambda one: {"ranking": "abc"}, 422),
        (lambda one: {"ranking": None}, 422),
        (lambda one: {"seconds": -1}, 422),
        (lambda one: {"seconds": 1e9}, 422),
        (lambda one: {"seconds": "long"}, 422),
        (lambda one: {"moves": 0.5}, 422),
        (lambda one: {"edit": 0}, 422),
        (lambda one: {"more": 1}, 422),
        (lambda one: {"more": "x" * LARGEST_BODY}, 413),
    ],
)
def test_what_is_no_answer(make, tmp_path, change, status):
    folder = make(questions=1)
    study = Study.read(folder)
    store = Store.open(folder, study)
    transport = httpx.ASGITransport(create_app(folder, study, store))

    async def ask() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://study") as client:
            code = (await client.post("/api/participants", json={"consent": True})).json()["code"]
            headers = {"Authorization": f"Bearer {code}"}
            (screen,) = (await client.get("/api/progress", headers=headers)).json()["screens"]
            good = {"ranking": ids(screen), "seconds": 1, "moves": 0, "edit": 1}
            path = f"/api/answers/{screen['question']}/appearance"
            refused = await client.put(path, headers=headers, json={**good, **change(ids(screen))})
            assert refused.status_code == status and refused.json()["error"].endswith(".")
            assert (await client.get("/api/progress", headers=headers)).json()["screens"][0]["answer"] is None
            assert (await client.put(path, headers=headers, json=good)).status_code == 200

    asyncio.run(ask())
    store.close()


def test_only_the_code_opens_the_answers(client, standing):
    one, other = Person(client), Person(client)
    assert one.code != other.code and len(one.code) == 16
    screen = one.screens()[0]
    one.put(screen, ids(screen))
    assert all(found["answer"] is None for found in other.screens())
    body = {"ranking": ids(screen)[::-1], "seconds": 1, "moves": 1, "edit": 9}
    path = f"api/answers/{screen['question']}/{screen['criterion']}"
    for headers in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer 1"},
        {"Authorization": f"Basic {one.code}"},
        {"Authorization": f"Bearer {one.code[:-1]}"},
        {"Authorization": f"Bearer {'2' * 16}"},
        {"Authorization": "Bearer ' OR 1=1 --aaaaa"},
    ):
        assert client.put(path, json=body, headers=headers).status_code == 401, headers
        assert client.get("api/progress", headers=headers).status_code == 401
    assert other.put(screen, ids(screen)[::-1]).status_code == 200, "the same question of somebody else"
    assert one.screens()[0]["answer"]["ranking"] == ids(screen)
    assert one.code.encode() not in (standing.folder / "study.sqlite").read_bytes()
    assert one.code.encode() not in (standing.folder / "study.sqlite-wal").read_bytes()


def test_nothing_that_is_sent_names_a_contender(client, standing):
    person = Person(client)
    screens = person.screens()
    person.put(screens[0], ids(screens[0]))
    study = Study.read(standing.folder)
    pictures = [f"pictures/{name}" for name in study.pictures()]
    page = ["", *(f"page/{n}.{s}" for n, s in [("page", "css"), ("page", "js"), ("answers", "js"), ("ranking", "js")])]
    paths = [*page, "page/viewer.js", "page/icon.svg", "api/study", "api/progress", *pictures]
    bad = ["nothing", "study.json", "study.sqlite", "pictures/..%2fstudy.json", "pictures/study.json", "docs",
           "openapi.json", "page/..%2fdesign.py", "page/design.py", "api/answers/q01/appearance"]  # fmt: skip
    for path in paths + bad:
        answer = client.get(path, headers=person.headers)
        assert (answer.status_code == 200) == (path in paths), path
        assert not words_in(answer.content.decode("latin-1")), path
        assert not words_in("\n".join(f"{name}: {value}" for name, value in answer.headers.items()))
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert ("no-store" in answer.headers["cache-control"]) == (path in bad or path.startswith("api/"))
    for answer in (person.put(screens[1], []), person.put({**screens[1], "question": "q99"}, ids(screens[1]))):
        assert answer.status_code in (404, 422) and not words_in(answer.text)
    roles = {card.id: card.role for question in study.questions for card in question.cards}
    keys = {tuple(card) for screen in screens for card in screen["cards"]}
    assert len(keys) == 1 and {"first", "last"} & set(roles.values()), "a check looks like any other card"


def test_the_page_leads_nowhere_else(client):
    for path in ("", "page/page.css", "page/page.js", "page/answers.js", "page/ranking.js", "page/viewer.js"):
        text = client.get(path).text.replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text.replace("${location.origin}", ""), path


def test_a_picture_comes_without_the_date_of_its_file(make, serve):
    folder = make(questions=1)
    name = min(Study.read(folder).pictures())
    with httpx.Client(base_url=serve(folder).url, timeout=20) as client:
        answer = client.get(f"pictures/{name}")
        assert answer.content == (folder / "pictures" / name).read_bytes()
        assert not {"last-modified", "etag"} & set(answer.headers), "they tell in which order pictures were made"
        assert "immutable" in answer.headers["cache-control"]
        (folder / "pictures" / name).unlink()
        gone = client.get(f"pictures/{name}")
        assert gone.status_code == 503 and gone.json()["error"]


@pytest.mark.parametrize(
    "request_of",
    [{}, {"data": {"consent": "true"}}, {"content": '{"consent": true}', "headers": {"Content-Type": "text/plain"}},
     {"json": {}}, {"json": {"consent": False}}],
)  # fmt: skip
def test_nobody_takes_part_without_consent_or_from_a_page_of_another_site(client, standing, request_of):
    with closing(sqlite3.connect(standing.folder / "study.sqlite")) as database:
        before = database.execute("SELECT count(*) FROM participants").fetchone()
        assert client.post("api/participants", **request_of).status_code == 422
        assert database.execute("SELECT count(*) FROM participants").fetchone() == before


def test_a_request_without_a_length_is_refused(client):
    answer = client.post("api/participants", content=iter([b"x" * 10]))
    assert answer.status_code == 411 and answer.json()["error"]


def test_what_is_acknowledged_outlives_a_kill(make, serve):
    """Four people send answers as fast as they can while the server is killed, twice; each keeps a list of thanks."""
    served = serve(make(layout=True))
    acknowledged: dict[tuple[str, str, str], tuple[int, list[str]]] = {}
    stop = threading.Event()
    killed = threading.Event()

    def take_part(person: Person) -> None:
        screens, edit = person.screens(), 0
        while not stop.is_set():
            edit += 1
            for screen in screens:
                ranking = ids(screen)[edit % 3 :] + ids(screen)[: edit % 3]
                try:
                    answer = person.put(screen, ranking, edit=edit)
                except httpx.TransportError:
                    killed.wait(0.05)
                    continue
                assert answer.status_code == 200
                acknowledged[person.code, screen["question"], screen["criterion"]] = (edit, ranking)

    with httpx.Client(base_url=served.url, timeout=20) as client:
        people = [Person(client) for _ in range(4)]
        threads = [threading.Thread(target=take_part, args=(person,)) for person in people]
        for thread in threads:
            thread.start()
        for _ in range(2):
            killed.wait(0.4)
            served.kill()
            served.start()
        killed.wait(0.3)
        served.kill()
        stop.set()
        for thread in threads:
            thread.join()
        served.start()
        found = {
            (person.code, screen["question"], screen["criterion"]): screen["answer"]
            for person in people
            for screen in person.screens()
        }
    assert len(acknowledged) > 8
    for key, (edit, ranking) in acknowledged.items():
        assert found[key]["edit"] >= edit
        if found[key]["edit"] == edit:
            assert found[key]["ranking"] == ranking
    for person in people:
        assert len(rows(served.folder, person.code)) <= 8, "one row for each question and criterion"


def test_what_cannot_be_stored_is_not_acknowledged(make, serve):
    served = serve(make(questions=1))
    with httpx.Client(base_url=served.url, timeout=20) as client:
        person = Person(client)
        (screen,) = person.screens()
        with closing(sqlite3.connect(served.folder / "study.sqlite")) as database:
            database.execute("ALTER TABLE answers RENAME TO gone")
            refused = person.put(screen, ids(screen))
            assert refused.status_code == 503 and refused.json()["error"]
            database.execute("ALTER TABLE gone RENAME TO answers")
        assert person.put(screen, ids(screen)).status_code == 200


def test_the_file_is_as_safe_as_sqlite_can_be(make):
    folder = make()
    store = Store.open(folder, Study.read(folder))
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    store.close()


def test_other_sites_take_no_part(client, standing):
    for host in ("evil.example", "127.0.0.1.evil.example", "["):
        assert client.get("api/study", headers={"Host": host}).status_code == 400
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("api/participants", json={"consent": True}, headers=headers)
        assert answer.status_code == 403 and answer.json()["error"].endswith(".")
    same = {"Origin": standing.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert client.post("api/participants", json={"consent": True}, headers=same).status_code == 201
