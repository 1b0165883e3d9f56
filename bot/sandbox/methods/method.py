"""A method of the Web API, as listed in this package's tables."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.call import MethodCall
from bot.sandbox.model import Json

Scopes = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Method:
    """`changes`: does success have an effect worth recording? The first scope of each tuple is the one reported as
    needed."""

    answer: Callable[[MethodCall], Json]
    scopes: Scopes = field(default_factory=dict)
    changes: bool = False


def anywhere(*scopes: str) -> Scopes:
    return {"any": scopes}


def by_kind(public: str, private: str, im: str = "") -> Scopes:
    needed: Scopes = {"public": (public,), "private": (private,)}
    return needed | ({"im": (im,)} if im else {})
