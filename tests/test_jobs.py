"""Jobs as values: what they refuse, what is recorded of them, and the sizes of a sequence."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import analogon
from analogon.checking import check_jobs, size_of
from analogon.jobs import JOBS, Animate, Edit, Harmonize, Paint, Reshape, Retarget, Upscale, Vary, record, sequence

PICTURE = np.full((24, 32, 3), 0.5, np.float32)
MASK = np.zeros((24, 32), bool)
MASK[4:9, 5:12] = True
CORNERS = ((0.0, 0.2), (0.0, 0.8), (1.0, 1.0), (1.0, 0.0))
ONE_OF_EACH = (
    Vary((24, 32)),
    Retarget((9, 300)),
    Reshape((30, 40), CORNERS),
    Paint(PICTURE),
    Edit(PICTURE, MASK),
    Harmonize(PICTURE, MASK),
    Upscale(),
    Animate(),
)


def test_there_is_one_of_each():
    assert [job.name for job in ONE_OF_EACH] == list(JOBS)


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        (lambda: Vary((0, 5)), "--size"),
        (lambda: Vary((24.0, 5)), "--size"),
        (lambda: Retarget((24, 40000)), "--size"),
        (lambda: Vary((24, 32), 1.5), "--difference"),
        (lambda: Vary((24, 32), float("nan")), "--difference"),
        (lambda: Reshape((24, 32), CORNERS[:3]), "--corners"),
        (lambda: Reshape((24, 32), CORNERS[::-1]), "--corners"),
        (lambda: Paint(PICTURE, True), "--difference"),
        (lambda: Upscale(1.0), "--factor"),
        (lambda: Upscale(9), "--factor"),
        (lambda: Upscale("2"), "--factor"),
        (lambda: Upscale(np.float32(2)), "--factor"),
        (lambda: Animate(1), "--frames"),
        (lambda: Animate(5, -0.1), "--amount"),
        (lambda: Paint(PICTURE * 3), "painting"),
        (lambda: Edit(PICTURE[..., 0]), "edited"),
        (lambda: Edit(PICTURE, MASK[:5]), "mask"),
        (lambda: Harmonize(PICTURE, ~MASK & MASK), "mask"),
        (lambda: sequence([(24, 32)], 5), "--sizes"),
        (lambda: sequence([(24, 32), (24, 40), (30, 30)], 2), "--frames"),
        (lambda: sequence([(24, 32), (24, 40)], 1001), "--frames"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(wrong, option, sentence):
    with pytest.raises(analogon.AnalogonError) as error:
        wrong()
    sentence(error.value, option)


@pytest.mark.parametrize("job", ONE_OF_EACH, ids=lambda job: job.name)
def test_a_record_is_json_and_tells_jobs_apart(job):
    told = json.loads(json.dumps(record(job)))
    assert told["name"] == job.name
    changes = {
        "vary": {"difference": 0.5}, "retarget": {"size": (9, 301)},
        "reshape": {"corners": ((0.1, 0.2), *CORNERS[1:])}, "paint": {"painting": PICTURE / 2},
        "edit": {"mask": None}, "harmonize": {"mask": ~MASK}, "upscale": {"factor": 3}, "animate": {"amount": 0.1},
    }  # fmt: skip
    assert record(replace(job, **changes[job.name])) != told


def test_arrays_are_copied():
    picture = PICTURE.copy()
    job = Paint(picture)
    picture[:] = 0
    assert job.painting.min() == 0.5 and not job.painting.flags.writeable


def test_a_sequence_goes_through_all_sizes_at_an_even_pace():
    sizes = [job.size for job in sequence([(100, 200), (100, 260), (130, 260)], 10)]
    assert (sizes[0], sizes[6], sizes[-1]) == ((100, 200), (100, 260), (130, 260))
    assert len(sizes) == 10
    assert {max(abs(a - c), abs(b - d)) for (a, b), (c, d) in pairwise(sizes)} == {10}


def test_the_size_of_every_job_is_known_before(exemplar):
    sizes = [(24, 32), (9, 300), (30, 40), (24, 32), (24, 32), (24, 32), (48, 64), (24, 32)]
    assert [size_of(exemplar, job) for job in ONE_OF_EACH] == sizes


@pytest.mark.parametrize(
    ("jobs", "named"),
    [
        ([], "no job"),
        ([Vary((24, 32)), Upscale()], "upscale and vary"),
        ([Edit(PICTURE[:, :30])], "30x24"),
        ([Harmonize(PICTURE[:20], MASK[:20])], "32x20"),
        ([Vary((8000, 8000))], "8000x8000"),
        ([Retarget((8000, 8000))], "--size"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_work(jobs, named, exemplar, copying, sentence):
    with pytest.raises(analogon.AnalogonError) as error:
        check_jobs(exemplar, jobs, "copying")
    sentence(error.value, named)


def test_too_many_pixels_of_an_enlarged_picture_name_the_factor(make_exemplar, copying, sentence):
    with pytest.raises(analogon.OptionError) as error:
        check_jobs(make_exemplar((800, 800)), [Upscale(8)], "copying")
    sentence(error.value, "--factor", "6400x6400")


@pytest.mark.parametrize("seed", [-1, 2**32 - 1, True, 1.5, "a"])
def test_every_picture_needs_a_seed(seed, exemplar, copying, sentence):
    with pytest.raises(analogon.OptionError) as error:
        check_jobs(exemplar, [Vary((24, 32))] * 2, "copying", seed=seed)
    sentence(error.value, "seed")


def test_a_sequence_has_one_seed(exemplar, copying):
    check_jobs(exemplar, [Retarget((24, 32))] * 2, "copying", seed=2**32 - 1)


def test_a_method_without_a_job_says_which_have_it(exemplar, copying, sentence):
    with pytest.raises(analogon.OptionError) as error:
        check_jobs(exemplar, [Vary((24, 32))], "semia")
    assert "copying" in sentence(error.value, "'semia'", "vary", "gpnn")
