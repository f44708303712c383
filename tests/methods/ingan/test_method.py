import itertools

import numpy as np
import pytest
import torch
from PIL import Image

import analogon
from analogon.errors import ModelError, OptionError
from analogon.jobs import JOBS, Reshape, Retarget
from analogon.methods import registry
from analogon.methods.ingan.config import RECIPES, Config
from analogon.methods.ingan.geometry import Transformation
from analogon.methods.ingan.method import METHOD, Remapper
from analogon.run import Progress, Run

SMALL = {"width": 4, "blocks": 1, "critic_width": 4, "crop": 32, "ramp": 0.0, "steps": 4}
RUN = Run(device="cpu")
TRAPEZOID = ((0.0, 0.3), (0.0, 0.7), (1.0, 1.0), (1.0, 0.0))


def photo(shape=(40, 52)):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    planes = np.stack([columns % 8 < 4, rows % 6 < 3, columns / shape[1]], -1)
    noise = np.random.default_rng(0).normal(0, 0.03, (*shape, 3))
    return np.clip(0.1 + 0.8 * planes + noise, 0, 1).astype(np.float32)


def fitted(recipe="fast", **options):
    exemplar = analogon.load_exemplar(photo(), np.zeros((40, 52), np.int64))
    return METHOD.fit(exemplar, Config.model_validate({**RECIPES[recipe], **SMALL, **options}), RUN)


@pytest.fixture(scope="module")
def model():
    return fitted()


def test_it_does_what_the_registry_says():
    entry = registry.get("ingan")
    assert entry.jobs == {"retarget", "reshape"} <= set(JOBS)
    with pytest.raises(OptionError, match="ingan"):
        registry.get("gpdm").check_does("reshape")


@pytest.mark.parametrize("size", [(40, 52), (20, 104), (61, 33), (90, 117), (7, 12)], ids=str)
def test_a_retargeted_picture_has_the_size_that_was_asked_for(model, size):
    (made,) = model.perform([Retarget(size)], RUN)
    assert made.image.shape == (*size, 3) and made.image.dtype == np.float32
    assert made.image.min() >= 0 and made.image.max() <= 1
    assert made.covered is None
    assert (next(model.perform([Retarget(size)], RUN)).image == made.image).all()


def test_another_outline_is_white_outside_and_says_what_it_covers(model):
    (made,) = model.perform([Reshape((44, 60), TRAPEZOID)], RUN)
    assert made.image.shape == (44, 60, 3)
    assert made.covered.shape == (44, 60) and 0.65 < made.covered.mean() < 0.75
    assert (made.image[~made.covered] == 1).all()
    assert made.image[made.covered].std() > 0.1
    assert (made.covered == Transformation.into((44, 60), TRAPEZOID).covered()).all()


def test_a_result_says_what_it_covers_and_saves_the_rest_as_transparent(tmp_path):
    reshaping = analogon.fit(
        analogon.load_exemplar(photo(), np.zeros((40, 52), np.int64)), "ingan", device="cpu", **SMALL
    )
    (result,) = reshaping.perform([Reshape((44, 60), TRAPEZOID)])
    assert (result.covered == Transformation.into((44, 60), TRAPEZOID).covered()).all()
    result.save(tmp_path / "made.png")
    with Image.open(tmp_path / "made.png") as saved:
        assert ((np.asarray(saved.getchannel("A")) == 255) == result.covered).all()


def test_corners_of_the_whole_are_plain_retargeting(model):
    whole = Reshape((30, 50), ((0, 0), (0, 1), (1, 1), (1, 0)))
    (outlined,), (plain,) = (list(model.perform([job], RUN)) for job in (whole, Retarget((30, 50))))
    assert (outlined.image == plain.image).all()


@pytest.mark.parametrize(
    "corners",
    [
        ((0, 0), (0, 1), (1, 1)),
        ((0, 0), (0, 1), (1, 1), (1, 1.2)),
        ((0, 0), (0, 1), (0.1, 0.4), (1, 0)),
        ((0, 1), (0, 0), (1, 0), (1, 1)),
        ((0, 0), (0, 0.5), (0, 1), (1, 0)),
        ((0, 0), (0, float("nan")), (1, 1), (1, 0)),
        "everywhere",
        None,
    ],
    ids=str,
)
def test_corners_that_are_no_outline(corners, sentence):
    with pytest.raises(OptionError) as error:
        Reshape((20, 20), corners)
    sentence(error.value, "--corners")
    with pytest.raises(OptionError, match="--size"):
        Reshape((0, 20), TRAPEZOID)


def test_a_sequence_tells_its_progress_and_can_be_stopped(model):
    class StopError(Exception):
        pass

    events = []
    jobs = [Retarget((40, 40 + n)) for n in range(3)]
    assert len(list(model.perform(jobs, Run(device="cpu", listener=events.append)))) == 3
    assert [event.step for event in events] == [0, 1, 2, 3] and events[-1].steps == 3

    def stop(event: Progress) -> None:
        if event.step == 1:
            raise StopError

    with pytest.raises(StopError):
        list(model.perform(jobs, Run(device="cpu", listener=stop)))


def test_a_sequence_of_sizes_does_not_jump(model):
    """Neighbouring frames, brought to one size, differ less than a shift by one pixel changes the picture."""
    frames = [made.image for made in model.perform([Retarget((40, 40 + n)) for n in range(24)], RUN)]
    steps = [np.abs(a[:, :40] - b[:, :40]).mean() for a, b in itertools.pairwise(frames)]
    source = photo()
    shifted = np.abs(source[:, 1:] - source[:, :-1]).mean()
    assert max(steps) < 3 * np.median(steps) + 0.01
    assert np.mean(steps) < shifted


def test_colours_do_not_drift_with_the_size():
    """Not even those of a network that paints and has learnt little."""
    model = fitted("paper", lr_generator=1e-3)
    stretched = Transformation.into((40, 60), TRAPEZOID)
    for width in (26, 52, 104):
        (made,) = model.perform([Retarget((40, width))], RUN)
        assert np.abs(made.image.mean((0, 1)) - photo().mean((0, 1))).max() < 0.02
    (made,) = model.perform([Reshape((40, 60), TRAPEZOID)], RUN)
    plain = stretched.apply(torch.from_numpy(photo().transpose(2, 0, 1).copy())[None])[0].permute(1, 2, 0).numpy()
    shown = made.covered
    assert np.abs(made.image[shown].mean(0) - plain[shown].mean(0)).max() < 0.02


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_picture_that_is_worked_at_smaller_has_full_size_results(recipe):
    model = fitted(recipe=recipe, size_limit=32)
    (made,) = model.perform([Retarget((40, 70))], RUN)
    assert made.image.shape == (40, 70, 3)
    assert made.image.min() >= 0 and made.image.max() <= 1
    assert model._working.shape == (25, 32)
    (made,) = model.perform([Reshape((50, 70), TRAPEZOID)], RUN)
    assert (made.image[~made.covered] == 1).all() and made.image[made.covered].std() > 0.1


def test_larger_pictures_keep_detail_that_the_network_does_not_see():
    """Stripes of two pixels are gone at the working size; the result has them where the size stays."""
    image = photo()
    image[:, 30:50] = np.where(np.arange(20) % 4 < 2, 0.1, 0.9)[:, None]
    exemplar = analogon.load_exemplar(image, np.zeros((40, 52), np.int64))
    config = Config.model_validate({**RECIPES["fast"], **SMALL, "size_limit": 16, "crop": 16, "steps": 1})
    (made,) = METHOD.fit(exemplar, config, RUN).perform([Retarget((40, 52))], RUN)
    detail = np.abs(np.diff(made.image[:, 32:48], axis=1)).mean() / np.abs(np.diff(image[:, 32:48], axis=1)).mean()
    assert 0.7 < detail < 1.3


def test_carried_detail_is_kept_where_the_network_works_at_a_smaller_size():
    image = photo((48, 64))
    labels = np.zeros((48, 64), np.int64)
    exemplar = analogon.load_exemplar(image, labels)
    config = Config.model_validate({**RECIPES["fast"], **SMALL, "size_limit": 32, "steps": 1, "lr_generator": 1e-9})
    made = METHOD.fit(exemplar, config, RUN).render(exemplar.labels, RUN).image
    assert made.shape == image.shape
    # the network has hardly learnt anything: what it adds is small, and the picture is still sharp
    assert np.corrcoef(np.diff(made, axis=1).ravel(), np.diff(image, axis=1).ravel())[0, 1] > 0.9


def test_training_brings_the_picture_back(sentence):
    """The error of there and back falls while it learns, and is reported in [0, 1]."""
    to = Transformation.of((40, 40))
    short, long = (
        fitted(steps=n, lr_generator=2e-3, inverse=1.0, gan=0.1, largest=1.2, smallest=0.7).inverse_error(to, RUN)
        for n in (1, 60)
    )
    assert 0 < long < 0.8 * short < 0.5


def test_weights_of_another_configuration_are_refused(model, sentence):
    config = Config.model_validate({**RECIPES["fast"], **SMALL, "width": 5})
    with pytest.raises(ModelError) as error:
        METHOD.restore(model.exemplar, config, model.arrays(), RUN)
    sentence(error.value, "InGAN")


def test_a_restored_model_performs_the_same(model):
    again = METHOD.restore(model.exemplar, model.config, model.arrays(), RUN)
    job = Reshape((33, 60), TRAPEZOID)
    first, second = (next(one.perform([job], RUN)).image for one in (model, again))
    assert (first == second).all()


def test_a_result_shows_as_much_of_the_change_as_is_asked_for():
    labels = analogon.load_exemplar(photo(), np.zeros((40, 52), np.int64)).labels
    weak, half, whole = (fitted(strength=share) for share in (1e-6, 0.5, 1.0))
    for made in (
        lambda model: next(model.perform([Retarget((40, 90))], RUN)).image,
        lambda model: model.render(labels, RUN).image,
    ):
        none, some, all_ = (made(model) for model in (weak, half, whole))
        inner = (all_ > 0) & (all_ < 1) & (some > 0) & (some < 1)
        assert np.abs(all_ - none).mean() > 1e-3
        assert np.abs((some - none) - (all_ - none) / 2)[inner].max() < 0.02
    assert np.abs(weak.render(labels, RUN).image - photo()).max() < 1e-4


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_fit_that_was_broken_off_ends_as_one_that_was_not(recipe, tmp_path, eager):
    class BrokenOffError(Exception):
        pass

    def break_off(event: Progress) -> None:
        if event.step == 3:
            raise BrokenOffError

    exemplar = analogon.load_exemplar(photo(), np.zeros((40, 52), np.int64))
    settings = {"recipe": recipe, "device": "cpu", **SMALL, "ramp": 0.5, "steps": 6}
    with pytest.raises(BrokenOffError):
        analogon.fit(exemplar, "ingan", folder=tmp_path, progress=break_off, **settings)
    resumed = analogon.fit(exemplar, "ingan", folder=tmp_path, resume=True, **settings)
    whole = analogon.fit(exemplar, "ingan", **settings)
    theirs = whole._synthesizer.arrays()
    assert all((value == theirs[key]).all() for key, value in resumed._synthesizer.arrays().items())
    assert resumed._synthesizer.outcome.steps == 6
    history = (tmp_path / "history.jsonl").read_text()
    assert '"inverse"' in history, "the error of the way back is told"


def test_torchs_random_state_is_left_alone(model):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fitted(steps=1)
    METHOD.restore(model.exemplar, model.config, model.arrays(), RUN)
    assert torch.equal(torch.rand(2), expected)


def test_exemplars_and_results_are_the_callers(model):
    assert isinstance(model, Remapper)
    (made,) = model.perform([Retarget((40, 52))], RUN)
    made.image[:] = 0
    assert next(model.perform([Retarget((40, 52))], RUN)).image.any()
