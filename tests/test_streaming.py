"""Streams of results, cancelled and not."""

import threading

import numpy as np
import pytest

import analogon
from analogon.methods import registry

from .copying import COPYING


@pytest.fixture
def model(exemplar, monkeypatch):
    monkeypatch.setitem(registry.METHODS, COPYING.name, COPYING)
    return analogon.fit(exemplar, COPYING.name)


def test_the_last_of_a_stream_is_the_render(model, target):
    draft, last = model.stream(target, keep="none")
    assert (last.image == model.render(target, keep="none").image).all()
    assert (draft.image == model.render(target, keep="none", preview=True).image).all()
    assert draft.wishes["draft"] and "draft" not in last.wishes
    assert 0 < draft.seconds < last.seconds
    assert list(draft.timing) == ["draft: copying"] and list(last.timing) == ["draft: copying", "copying"]


def test_patch_streams_its_preview(make_exemplar, make_target):
    model = analogon.fit(make_exemplar((160, 160)), device="cpu")
    target = make_target((160, 160))
    draft, last = model.stream(target)
    assert (draft.image == model.render(target, preview=True).image).all()
    assert (last.image == model.render(target).image).all() and (last.image != draft.image).any()


def test_what_is_polished_comes_before_it(exemplar, target, small):
    pytest.importorskip("torch", reason="collage needs the extra 'neural'")
    model = analogon.fit(exemplar, "collage", device="cpu", **small["collage", "default"])
    draft, plain, polished = model.stream(target)
    assert (plain.image == model.render(target, polish=False).image).all()
    assert (polished.image == model.render(target).image).all()
    assert (draft.image != plain.image).any()
    assert [one.wishes["polish"] for one in (draft, plain, polished)] == [False, False, True]
    assert len(list(model.stream(target, polish=False))) == 2
    for one in (draft, plain, polished):
        assert (one.apply_to(exemplar.image, tone=True) == one.image).all()


def test_a_draft_keeps_what_is_to_be_kept(exemplar, target, small):
    pytest.importorskip("torch", reason="collage needs the extra 'neural'")
    model = analogon.fit(exemplar, "collage", device="cpu", **small["collage", "default"])
    assert (next(model.stream(exemplar.labels)).image == exemplar.image).all()
    mask = np.zeros(target.shape, bool)
    mask[:, :9] = True
    masked, free = (next(model.stream(target, keep=keep)).image for keep in (mask, "none"))
    assert (masked[mask] == exemplar.image[mask]).all() and (free[~mask] == masked[~mask]).all()
    assert (free != masked).any()


def test_a_method_without_a_draft_streams_its_result(exemplar, target, small):
    pytest.importorskip("torch", reason="semia needs the extra 'neural'")
    model = analogon.fit(exemplar, "semia", recipe="paper", device="cpu", **small["semia", "paper"])
    (only,) = model.stream(target)
    assert (only.image == model.render(target).image).all()


def test_nothing_comes_after_a_cancel(model, target):
    stream = model.stream(target)
    next(stream)
    stream.cancel()
    assert list(stream) == []
    never = model.stream(target)
    never.cancel()
    assert list(never) == []


def test_a_cancel_from_elsewhere_stops_what_is_being_computed(model, target):
    events = []

    def listen(event):
        events.append(event)
        if len(events) == 2:
            other = threading.Thread(target=stream.cancel)
            other.start()
            other.join()

    stream = model.stream(target, progress=listen)
    assert list(stream) == [] and len(events) == 2


def test_the_latest_layout_wins(model, make_target):
    """As an application does it: a new layout cancels the former one's stream."""
    shown, streams = [], []

    def changed(layout):
        if streams:
            streams[-1].cancel()
        streams.append(model.stream(layout))

    changed(make_target((20, 20)))
    shown.append(next(streams[0]))
    changed(make_target((30, 30)))
    for stream in streams:
        shown += stream
    assert [one.image.shape[0] for one in shown] == [20, 30, 30]


def test_errors_are_those_of_a_render(model, target, make_target, sentence):
    with pytest.raises(analogon.InputError) as error:
        model.stream(target, keep=np.ones((3, 3), bool))
    sentence(error.value)

    class BrokenError(Exception):
        pass

    def listen(event):
        raise BrokenError

    with pytest.raises(BrokenError):
        next(model.stream(target, progress=listen))


def test_models_that_cannot_be_exported_say_so(model, exemplar, tmp_path, sentence):
    for one, path, word in ((model, "new/file.onnx", "collage"), (model, "new/file.pt", ".onnx")):
        with pytest.raises(analogon.OptionError) as error:
            one.export(tmp_path / path)
        sentence(error.value, word)
    assert not list(tmp_path.iterdir())


def test_exporting_without_onnx_says_what_to_install(monkeypatch, sentence):
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    with pytest.raises(analogon.OptionError) as error:
        registry.get("collage").check_exports()
    sentence(error.value, "analogon[onnx]")
