"""A study in which people rank pictures: made from a comparison, served to browsers, and what it brings."""

from analogon.study.exporting import StudyResults, study_results
from analogon.study.making import make_study
from analogon.study.serving import serve_study
from analogon.study.values import Answer

__all__ = ["Answer", "StudyResults", "make_study", "serve_study", "study_results"]
