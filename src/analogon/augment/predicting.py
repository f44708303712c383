"""Labels of pictures that nobody has annotated, predicted from those that somebody has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from analogon.augment.values import FloatArray
from analogon.data import Exemplar, LabelMap

#: Width in pixels of the neighbourhood whose majority decides, so that single pixels do not.
WIDTH = 1.0


def predictor(annotated: Sequence[Exemplar]) -> Callable[[FloatArray], LabelMap]:
    """What tells the classes of a picture by colour and texture: extremely randomised trees.

    See :class:`analogon.metrics.agreement.Classifier`; each pixel gets the class that is most frequent around it.
    """
    from scipy import ndimage as ndi

    from analogon.metrics.agreement import Classifier

    whole = Exemplar.join(list(annotated))
    classifier, palette = Classifier(whole), whole.labels.palette

    def predict(image: FloatArray) -> LabelMap:
        seen = classifier.classes_of(image)
        numbers = np.unique(seen)
        votes = [ndi.gaussian_filter((seen == number).astype(np.float32), WIDTH) for number in numbers]
        return LabelMap(numbers[np.argmax(votes, 0)], palette)

    return predict
