"""The studio: a page on which a picture follows its labels, and what serves it."""

from analogon.studio.serving import serve_studio

__all__ = ["serve_studio"]
