"""The four trained members of the ensemble, behind one small interface.

Nothing heavy is imported here: `new_member` and `load_member` import a library only when its member is asked for, so
that torch is loaded in the hosts that run nets and nowhere else.
"""

from plugins.learning.members.protocol import FitReport, Labelled, Member, Progress, Unloadable, Untrainable
from plugins.learning.members.registry import NETS, TREES, load_member, missing_library, new_member

__all__ = [
    "NETS",
    "TREES",
    "FitReport",
    "Labelled",
    "Member",
    "Progress",
    "Unloadable",
    "Untrainable",
    "load_member",
    "missing_library",
    "new_member",
]
