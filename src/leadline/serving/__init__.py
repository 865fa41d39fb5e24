"""Floor 5: predictions over HTTP and JSON, as an ASGI application on FastAPI."""

from leadline.serving.app import Limits, make_app, serve

__all__ = ["Limits", "make_app", "serve"]
