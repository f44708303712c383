import numpy as np
import pytest
import torch
from scipy import linalg, ndimage

from analogon.errors import InputError, OptionError
from analogon.metrics.learned import OF_SETS, Weights, fid, frechet, kid, lpips, sifid

from .conftest import picture, random_weights


def blurred(image, width):
    return ndimage.gaussian_filter(image, (width, width, 0))


def noisy(image, size):
    return (image + np.random.default_rng(9).normal(0, size, image.shape)).clip(0, 1).astype(np.float32)


# -- Fréchet distance ------------------------------------------------------------------------------------------------


def test_frechet_of_axis_aligned_gaussians_is_the_closed_formula():
    rng = np.random.default_rng(0)
    means, sizes = rng.normal(size=(2, 5)), rng.uniform(0.1, 3, (2, 5))
    wanted = ((means[0] - means[1]) ** 2).sum() + ((sizes[0] - sizes[1]) ** 2).sum()
    assert frechet(means[0], np.diag(sizes[0] ** 2), means[1], np.diag(sizes[1] ** 2)) == pytest.approx(wanted)


def test_frechet_of_any_gaussians_in_the_plane():
    """There the trace of the root is known: sqrt(tr(AB) + 2 sqrt(det(AB)))."""
    rng = np.random.default_rng(1)
    a, b = (m @ m.T for m in rng.normal(size=(2, 2, 2)))
    root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    wanted = np.trace(a) + np.trace(b) - 2 * root
    assert frechet(np.zeros(2), a, np.zeros(2), b) == pytest.approx(wanted)


def test_frechet_of_singular_covariances():
    """Fewer samples than features: against the matrix root in the plane that both lie in."""
    rng = np.random.default_rng(2)
    a, b = (m @ m.T for m in rng.normal(size=(2, 3, 3)))
    turned = np.linalg.qr(rng.normal(size=(20, 3)))[0]
    wanted = np.trace(a) + np.trace(b) - 2 * np.trace(linalg.sqrtm(a @ b)).real
    found = frechet(np.zeros(20), turned @ a @ turned.T, np.zeros(20), turned @ b @ turned.T)
    assert found == pytest.approx(wanted, abs=1e-6)
    assert frechet(np.ones(20), turned @ a @ turned.T, np.ones(20), turned @ a @ turned.T) == pytest.approx(0, abs=1e-6)


# -- two pictures ----------------------------------------------------------------------------------------------------


def test_sifid_by_hand(weights):
    from analogon.features.inception import InceptionV3

    network, samples = InceptionV3.load(weights.inception, 192), []
    for seed in (0, 1):
        image = torch.from_numpy(picture(seed)).permute(2, 0, 1)[None]
        samples.append(network.before_second_pooling(image)[0].flatten(1).T.double().numpy())
    (first, second), n = samples, len(samples[0])
    assert n == 8 * 12  # (48, 64) -> 23x31 -> 21x29 -> 10x14 -> 8x12
    shared = linalg.sqrtm(np.cov(first.T) @ np.cov(second.T) + 1e-12 * np.eye(192)).real.trace()
    wanted = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.cov(first.T).trace() + np.cov(second.T).trace()
    assert sifid(picture(0), picture(1), weights) == pytest.approx(wanted - 2 * shared, rel=1e-3)


def test_sifid_of_equal_pictures_is_nothing_and_damage_raises_it(weights):
    image, other = picture(0, (64, 80)), picture(5, (40, 96))
    assert sifid(image, image, weights) == pytest.approx(0, abs=1e-4)
    assert sifid(image, other, weights) == pytest.approx(sifid(other, image, weights), rel=1e-6)
    for damage, sizes in ((blurred, (0.5, 1.5)), (noisy, (0.05, 0.2))):
        little, much = (sifid(image, damage(image, size), weights) for size in sizes)
        assert 0.001 < little < much


def test_sifid_does_not_see_where_things_are(weights):
    """The places are samples: a picture moved around itself is nearly the same, another is not."""
    image = picture(0, (96, 96))
    moved = np.roll(image, 40, axis=1)
    assert sifid(image, moved, weights) < 0.2 * sifid(image, picture(3, (96, 96)), weights)


def test_lpips_of_equal_pictures_is_nothing_and_damage_raises_it(weights):
    image = picture(0)
    assert lpips(image, image, weights) == 0
    assert lpips(image, picture(1), weights) == pytest.approx(lpips(picture(1), image, weights), rel=1e-5)
    for damage, sizes in ((blurred, (0.5, 1.5)), (noisy, (0.05, 0.2))):
        little, much = (lpips(image, damage(image, size), weights) for size in sizes)
        assert 1e-4 < little < much
    assert lpips(image, np.roll(image, 20, axis=1), weights) > 1e-3  # it sees where things are


def test_pictures_too_small_have_no_figure(weights):
    tiny = picture(0, (20, 64))
    assert sifid(tiny, picture(0), weights) is None and sifid(picture(0), tiny, weights) is None
    assert lpips(tiny, tiny, weights) is None
    assert sifid(picture(0, (21, 27)), picture(0), weights) is not None
    assert lpips(picture(0, (31, 31)), picture(1, (31, 31)), weights) > 0


def test_lpips_takes_one_size(weights, sentence):
    with pytest.raises(InputError) as error:
        lpips(picture(0), picture(0, (50, 40)), weights)
    sentence(error.value, "64x48", "40x50")


@pytest.mark.parametrize(
    "figure", [sifid, lpips, lambda one, other, weights: fid([one] * 2, [other] * 2, weights, dims=64)]
)
def test_pictures_of_another_range_have_no_figure(figure, weights, sentence):
    for wrong in (np.rint(picture(0) * 255).astype(np.uint8), picture(0) * 255):
        with pytest.raises(InputError) as error:
            figure(picture(0), wrong, weights)
        sentence(error.value, "float" if wrong.dtype == np.uint8 else "[0, 1]")


# -- two sets --------------------------------------------------------------------------------------------------------

FIRST, SECOND = ([picture(seed, (40, 40 + seed)) for seed in range(start, start + 5)] for start in (0, 20))


def features(images, file, dims):
    from analogon.features.inception import InceptionV3

    network = InceptionV3.load(file, dims)
    return np.stack([network(torch.from_numpy(i).permute(2, 0, 1)[None])[0].double().numpy() for i in images])


def test_fid_is_the_distance_of_the_gaussians(weights):
    a, b = (features(images, weights.inception, 64) for images in (FIRST, SECOND))
    wanted = frechet(a.mean(0), np.cov(a.T), b.mean(0), np.cov(b.T))
    assert fid(FIRST, SECOND, weights, dims=64) == pytest.approx(wanted, rel=1e-2)
    assert wanted > 0.01


def test_fid_of_equal_sets_is_nothing_and_damage_raises_it(weights):
    assert fid(FIRST, FIRST[::-1], weights, dims=64) == pytest.approx(0, abs=1e-3)
    little, much = (fid(FIRST, [blurred(image, size) for image in FIRST], weights, dims=64) for size in (0.5, 1.5))
    assert 0.001 < little < much


def test_other_features_give_other_figures(weights):
    assert fid(FIRST, SECOND, weights, dims=64) != pytest.approx(fid(FIRST, SECOND, weights, dims=192), rel=0.05)
    assert kid(FIRST, SECOND, weights, dims=64)[0] != pytest.approx(kid(FIRST, SECOND, weights, dims=192)[0], rel=0.05)


def test_kid_is_the_unbiased_estimate(weights):
    """The definition, one pair after the other; no picture is compared with itself."""
    a, b = (features(images, weights.inception, 64) for images in (FIRST, SECOND))

    def kernel(x, y):
        return (x @ y / 64 + 1) ** 3

    n = len(a)
    within = sum(kernel(s[i], s[j]) for s in (a, b) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    across = sum(kernel(x, y) for x in a for y in b) / n**2
    mean, deviation = kid(FIRST, SECOND, weights, dims=64)
    assert mean == pytest.approx(within - 2 * across, rel=1e-3)
    assert deviation == 0


def test_kid_of_parts_of_one_set_is_about_nothing_and_damage_raises_it(weights):
    many = [picture(seed, (32, 32)) for seed in range(12)]
    same = kid(many[::2], many[1::2], weights, dims=64)[0]
    damaged = kid(many[::2], [noisy(image, 0.3) for image in many[1::2]], weights, dims=64)[0]
    assert abs(same) < 0.5 * damaged


def test_kid_of_sets_of_two_sizes_draws_subsets_from_its_seed(weights):
    state = torch.random.get_rng_state()
    answers = [kid(FIRST, SECOND[:3], weights, dims=64, seed=seed) for seed in (0, 0, 1)]
    assert answers[0] == answers[1] != answers[2]
    assert answers[0][1] > 0
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("distance", [fid, kid])
def test_sets_that_cannot_be_compared(distance, weights, tmp_path, sentence):
    from analogon.features.inception import InceptionV3

    with pytest.raises(OptionError, match="at least two in each, not 1") as error:
        distance(FIRST, SECOND[:1], weights)
    sentence(error.value, distance.__name__.upper())
    with torch.device("meta"):
        stem = InceptionV3(64)
    other = Weights(random_weights(stem, tmp_path / "other.safetensors", **{"fc.weight": torch.zeros(1000, 3)}))
    with pytest.raises(OptionError) as error:
        distance(FIRST, SECOND, other, dims=64)
    sentence(error.value, "other.safetensors", "1000 classes", "1008")
    assert sifid(picture(0), picture(1), weights) > 0
    own = Weights(random_weights(stem, tmp_path / "own.safetensors", **{"fc.weight": torch.zeros(1008, 3)}))
    assert distance(FIRST, SECOND, own, dims=64)
    assert distance.__name__ in OF_SETS


def test_without_weights_of_its_own_a_figure_says_so(sentence):
    for ask, kind in ((sifid, "inception"), (lpips, "lpips")):
        with pytest.raises(OptionError) as error:
            ask(picture(0), picture(1), Weights())
        sentence(error.value, f"'{kind}'")
    with pytest.raises(OptionError) as error:
        fid(FIRST, SECOND, Weights())
    sentence(error.value, "'inception'")


def test_another_file_of_the_same_name_is_read_again(tmp_path):
    import os

    from analogon.features.inception import InceptionV3

    with torch.device("meta"):
        network = InceptionV3(192)
    found = []
    for seed in (0, 1):
        file = random_weights(network, tmp_path / "weights.safetensors", seed)
        os.utime(file, (seed, seed))
        found.append(sifid(picture(0), picture(1), Weights(file)))
    assert found[0] != pytest.approx(found[1], rel=1e-3)


@pytest.mark.slow
def test_the_whole_network_compares_sets(tmp_path):
    """The 2048 features of the last pooling, which are the default."""
    from analogon.features.inception import InceptionV3

    with torch.device("meta"):
        network = InceptionV3()
    whole = Weights(random_weights(network, tmp_path / "whole.safetensors"))
    blurry = [blurred(image, 1.5) for image in FIRST]
    assert abs(kid(FIRST, FIRST, whole)[0]) < kid(FIRST, blurry, whole)[0]
    equal, damaged = fid(FIRST[:3], FIRST[:3], whole), fid(FIRST[:3], blurry[:3], whole)
    assert equal < 1e-2 * damaged
