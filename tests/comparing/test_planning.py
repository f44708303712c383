"""What a picture depends on, and what is told of those that share a process."""

import pytest

from analogon import Contender, Trial
from analogon.comparing.cases import case_folders, from_folder, prepare
from analogon.comparing.contenders import Terms, enter
from analogon.comparing.endings import outcomes
from analogon.comparing.planning import plan

pytestmark = pytest.mark.usefixtures("entrants")


@pytest.fixture
def planned(cases, tmp_path):
    """The jobs of case "one", with what is asked for changed."""
    given = [from_folder(path) for path in case_folders(cases, ["one"])]
    kept = prepare(given, tmp_path / "out")

    def found(*contenders, **asked):
        asked = {"seeds": (0,), "device": "auto", "scoring": {}, "found": {}} | asked
        entered = enter(contenders or [Contender("copies", "copies")], {}, Terms())
        return list(plan(given, kept, entered, tmp_path / "out", **asked))

    return found


@pytest.mark.parametrize(
    "contender, asked",
    [
        (Contender("copies", "counts"), {}),
        (Contender("copies", "copies", "later"), {}),
        (Contender("copies", "copies", settings={"shift": 3}), {}),
        (Contender("copies", "copies", settings={"keep": "auto"}), {}),
        (Contender("copies", "copies"), {"device": "cpu"}),
        (Contender("copies", "copies"), {"seeds": (1,)}),
    ],
)
def test_a_picture_that_is_asked_for_otherwise_is_another_one(planned, contender, asked):
    before, after = ([piece.request for piece in job.pieces] for (job,) in (planned(), planned(contender, **asked)))
    assert len(before) == len(after) == 2
    assert all(one not in after for one in before) and before[0] != before[1]
    assert before == [piece.request for piece in planned(Contender("other name", "copies"))[0].pieces]


def test_no_two_pictures_have_one_file(planned):
    contenders = Contender("copies", "copies"), Contender("copies.seed1", "copies", settings={"shift": 3})
    files = [piece.picture for job in planned(*contenders, seeds=(0, 1)) for piece in job.pieces]
    assert len(set(files)) == len(files) == 8


def test_the_memory_of_a_process_is_that_of_all_its_pictures(planned):
    (job,) = planned()
    for piece, peak in zip(job.pieces, (500, 300), strict=True):
        place = job.folder / piece.picture
        place.parent.mkdir(parents=True)
        place.touch()
        job.tell(piece, Trial("one", piece.target, "copies", 0, piece.picture, peak_bytes=peak), scored=True)
    assert [trial.peak_bytes for trial in outcomes(job, None)] == [500, 500]
