"""An artefact at work: a member with its calibration, trusted because it was checked."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from plugins.domain import MemberName
from plugins.learning.artefacts.canary import Canary
from plugins.learning.artefacts.damage import Damage, Damaged
from plugins.learning.artefacts.manifest import Manifest
from plugins.learning.artefacts.store import ArtefactStore
from plugins.learning.calibration import Calibration
from plugins.learning.features import feature_schema
from plugins.learning.members import Member, Unloadable, load_member
from plugins.learning.rows import Floats, Rows
from plugins.learning.schema import FeatureSchema, schema_of

CALIBRATION = "calibration.json"


@dataclass(frozen=True, slots=True)
class Voter:
    """`judge` gives calibrated probabilities; `examine` proves that it still does what it did when it was made."""

    artefact: str
    schema: FeatureSchema
    manifest: Manifest
    member: Member
    calibration: Calibration
    canary: Canary

    def judge(self, rows: Rows) -> Floats:
        """[n, 3] in Direction order; NaN where the member has nothing to go by."""
        return self.calibration.apply(self.member.predict(rows))

    def examine(self) -> None:
        """Raises Damaged."""
        self.canary.check(self.judge(self.canary.rows(self.schema)))


def load_voter(store: ArtefactStore, name: MemberName, artefact: str, *, threads: int = 1) -> Voter:
    """Verify every file, load it and let it prove itself. Raises Damaged, or ImportError without its library."""
    manifest = store.verified(name, artefact)
    schema = feature_schema(_interval_s(manifest))
    if manifest.content.schema_hash != schema.hash:
        raise Damaged(
            Damage.OTHER_SCHEMA,
            f"{name} {artefact[:12]} was trained on features {manifest.content.schema_hash[:12]}, "
            f"this version makes {schema.hash[:12]}; train it anew",
        )
    folder = store.folder(name, artefact)
    try:
        calibration = Calibration.model_validate_json((folder / CALIBRATION).read_bytes())
        member = load_member(name, folder, threads=threads)
    except (Unloadable, ValidationError) as error:
        raise Damaged(Damage.UNLOADABLE, f"{name} {artefact[:12]}: {error}") from error
    voter = Voter(artefact, schema, manifest, member, calibration, Canary.load(folder))
    voter.examine()
    return voter


def _interval_s(manifest: Manifest) -> int:
    try:
        return schema_of(manifest.content.feature_schema).interval_s
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(Damage.OTHER_SCHEMA, f"its features cannot be understood ({error})") from error
