"""Metadata routing: what a search asks for where nobody has said it, so that scikit-learn need not ask in turn."""

from typing import Any

__all__ = ["requests_of_search"]


def requests_of_search(requests: Any, estimator: Any) -> Any:
    """Complete the requests of a search, `MetadataRequest`, by those of the estimator that it is about."""
    inner = estimator.get_metadata_routing()
    for method in ("fit", "score"):
        _leave(getattr(requests, method), "sample_weight", getattr(inner, method).requests.get("sample_weight"))
    _leave(requests.score, "sample_weight", requests.fit.requests.get("sample_weight"))
    _leave(requests.fit, "groups", True)
    return requests


def _leave(method: Any, name: str, value: bool | str | None) -> None:
    """Set a request that is open."""
    if method.requests.get(name) is None and value is not None:
        method.add_request(param=name, alias=value)
