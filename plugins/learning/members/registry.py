"""Which members there are, what each is made with, and how to get one without importing the others."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from plugins.domain import MemberName
from plugins.learning.members.protocol import Member

TREES = (MemberName.XGBOOST, MemberName.LIGHTGBM)
NETS = (MemberName.N_HITS, MemberName.PATCHTST)

_HOMES: dict[MemberName, tuple[str, str]] = {
    MemberName.XGBOOST: ("plugins.learning.members.xgboost_trees", "XGBoostTrees"),
    MemberName.LIGHTGBM: ("plugins.learning.members.lightgbm_trees", "LightGBMTrees"),
    MemberName.N_HITS: ("plugins.learning.members.nets.member", "NHiTS"),
    MemberName.PATCHTST: ("plugins.learning.members.nets.member", "PatchTST"),
}
LIBRARIES: dict[MemberName, tuple[str, ...]] = {
    MemberName.XGBOOST: ("xgboost",),
    MemberName.LIGHTGBM: ("lightgbm",),
    MemberName.N_HITS: ("torch", "safetensors"),
    MemberName.PATCHTST: ("torch", "safetensors"),
}


def missing_library(name: MemberName) -> str | None:
    """A library that the member needs and that is not installed here; looked for, not imported."""
    return next((library for library in LIBRARIES[name] if find_spec(library) is None), None)


def new_member(name: MemberName) -> Member:
    """A member that has learned nothing yet. Raises ImportError when its library is not installed."""
    return _class_of(name)()


def load_member(name: MemberName, folder: Path, *, threads: int = 1) -> Member:
    """What a member saved in `folder`. Raises ImportError, or Unloadable."""
    return _class_of(name).load(folder, threads=threads)


def _class_of(name: MemberName) -> type[Member]:
    module, class_name = _HOMES[name]
    return cast("type[Member]", getattr(import_module(module), class_name))
