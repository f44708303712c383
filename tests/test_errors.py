import pytest

from analogon import errors

KINDS = [errors.InputError, errors.LabelError, errors.OptionError, errors.ModelError, errors.TrainingError]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_caught_as_analogon_error_and_by_no_other_kind(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.AnalogonError)
    assert not any(issubclass(kind, other) for other in KINDS if other is not kind)
    assert str(kind("'a.png' is empty.")) == "'a.png' is empty."
