"""A service: projects of pictures, and renders and fits of them as jobs that no restart loses."""

from analogon.service.client import Client
from analogon.service.serving import serve

__all__ = ["Client", "serve"]
