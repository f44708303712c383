"""The errors that are meant for people.

Every message is one sentence that names the file or the option, says what is wrong and what to do. Whatever
catches `AnalogonError` may print the message as it is; any other exception is a bug.
"""


class AnalogonError(Exception):
    """Base of all errors whose message is one sentence for people."""


class InputError(AnalogonError):
    """A file or an array that cannot be used: missing, truncated, too large, of the wrong type."""


class LabelError(AnalogonError):
    """A label map that does not fit: an unknown class, the wrong size, too many classes."""


class OptionError(AnalogonError):
    """An option with a value that cannot be used."""


class ModelError(AnalogonError):
    """A model folder that cannot be loaded or resumed."""


class TrainingError(AnalogonError):
    """Training stopped before its end."""


class ServiceError(AnalogonError):
    """A service that cannot be reached, or refuses; ``status`` is its HTTP status, None where there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
