import numpy as np
import pytest

from analogon.ops import polish, synthesize
from analogon.provenance import Provenance
from analogon.rendering import Rendering, Wishes
from analogon.run import Run

from .textures import disc, pictured

SHAPE = (48, 64)


@pytest.fixture
def source():
    return pictured(disc(SHAPE, (20, 18, 9)))


TARGET = disc(SHAPE, (26, 40, 9))


def test_a_painted_picture_is_made_anew_of_the_source(source):
    image = np.full((*SHAPE, 3), 0.5, np.float32)
    polished = polish(source, TARGET, Rendering(image, None), Run())
    assert (polished.provenance.apply_to(source.image, tone=True) == polished.image).all()


def test_a_map_is_where_the_search_starts(source):
    rows, cols = np.indices(SHAPE)
    moved = np.stack([np.clip(rows - 6, 0, SHAPE[0] - 1), np.clip(cols - 22, 0, SHAPE[1] - 1)], -1)
    inside = TARGET.ids == TARGET.ids[26, 40]
    places = np.where(inside[..., None], moved, np.stack([rows, cols], -1)).astype(np.int32)
    torn = places.copy()
    rng = np.random.default_rng(0)
    torn[24:28, 36:44] = rng.integers(8, 12, (4, 8, 2))
    map_ = Rendering(source.image[torn[..., 0], torn[..., 1]], Provenance(torn, SHAPE))
    polished = polish(source, TARGET, map_, Run(), Wishes(keep="none"))
    kept = (polished.provenance.places == places).all(-1)
    # what is whole stays, and what is torn is mended
    assert kept[inside].all() and not (torn == places).all(-1)[inside].all()
    anew = synthesize(source, TARGET, Run(), wishes=Wishes(keep="none"))
    assert (anew.provenance.places != polished.provenance.places).any()


def test_what_must_stay_stays(source):
    rows, cols = np.indices(SHAPE)
    turned = np.stack([rows, SHAPE[1] - 1 - cols], -1).astype(np.int32)
    keep = np.zeros(SHAPE, bool)
    keep[:10] = True
    map_ = Rendering(source.image[:, ::-1], Provenance(turned, SHAPE))
    polished = polish(source, TARGET, map_, Run(), Wishes(keep=keep))
    assert (polished.image[:10] == source.image[:10]).all()
