from pathlib import Path

import pytest

from analogon.cli.options import FitOptions, pairs, source
from analogon.errors import OptionError


def test_settings_become_values():
    options = FitOptions(
        settings=[
            "width=32",
            "rate=1e-4",
            "swap=false",
            "betas=[0.5, 0.9]",
            "weights=/a/vgg.safetensors",
            "x = null",
        ]
    )
    assert options.values() == {
        "width": 32,
        "rate": 1e-4,
        "swap": False,
        "betas": [0.5, 0.9],
        "weights": "/a/vgg.safetensors",
        "x": None,
    }


def test_an_option_written_as_a_setting():
    with pytest.raises(OptionError, match=r"'steps' is no setting of a method: write --steps"):
        FitOptions(settings=["width=3", "steps=5"]).values()


@pytest.mark.parametrize("text", ["width", "width=", "=3", ""])
def test_a_pair_without_both_sides(text):
    with pytest.raises(OptionError, match=r"--set .* FIELD=VALUE"):
        pairs([text], "--set", "FIELD=VALUE")


def test_a_name_given_twice():
    with pytest.raises(OptionError, match=r"'width' twice \('8' and '16'\)"):
        pairs(["width=8", "width=16"], "--set", "FIELD=VALUE")


def test_only_the_first_equals_sign_divides():
    assert pairs(["a=b=c"], "--map", "COLOUR=CLASS") == {"a": "b=c"}


def test_a_picture_without_its_labels():
    with pytest.raises(OptionError, match=r"label map of photo.jpg is missing.*analogon label"):
        source(Path("photo.jpg"), None)


def test_a_folder_and_labels(tmp_path: Path):
    with pytest.raises(OptionError, match=r"labels.png is one too many"):
        source(tmp_path, Path("labels.png"))


def test_a_case_folder(case):
    assert source(case.folder, None) == (case.image, case.labels)


@pytest.mark.parametrize("name", ["folder", "exemplar", "progress", "previews"])
def test_settings_that_the_command_line_fills_are_refused(name):
    with pytest.raises(OptionError, match=f"'{name}' is no setting of a method"):
        FitOptions(settings=[f"{name}=1"]).values()
