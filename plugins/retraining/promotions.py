"""Which version of a member votes: rules on what was trained, carries that out and remembers who is on probation."""

from __future__ import annotations

from plugins.domain import MemberName, market_ms
from plugins.learning.artefacts import ArtefactStore
from plugins.retraining.order import Compared, Phase, TrainedModel
from plugins.retraining.record import Probation, Record, Result, write_record
from plugins.retraining.rules import Ruled, Ruling, as_canary, in_shadow, on_folds
from plugins.retraining.settings import RetrainingSettings
from qtcore import Context

WHO = "retraining"


class Promotions:
    """The pointers of every member, moved by rule; a challenger goes through shadow and canary before it stays."""

    def __init__(self, ctx: Context[RetrainingSettings], store: ArtefactStore, record: Record) -> None:
        self.record = record
        self._ctx = ctx
        self._store = store

    def remember(self, record: Record) -> None:
        """This is what has happened. Raises OSError when the disk refuses."""
        self.record = record
        write_record(self._ctx.data_dir, record)

    def rule(self, model: TrainedModel) -> Result:
        """Judge one trained member by its folds, and carry that out."""
        champion = self._store.pointers(model.member).champion
        if model.unchanged and model.artefact == champion:
            ruled, word = Ruled(Ruling.KEEP, "it is the champion, bit for bit"), "unchanged"
        else:
            ruled = on_folds(model.metrics, model.against if champion else None, self._ctx.settings.gate)
            word = str(ruled.ruling)
        self._carry_out(model.member, model.artefact, champion, ruled)
        self._store.prune(model.member)
        return Result(
            member=model.member, artefact=model.artefact, ruling=word, reason=ruled.reason, seconds=model.seconds
        )

    def rule_live(self, line: Compared) -> None:
        """Judge one member on probation by the live decisions since it began, and carry that out."""
        member = line.pair.member
        watched = self.record.watched.get(member)
        if watched is None:
            return
        ruled = self._judged_live(line, watched)
        if ruled.ruling is Ruling.WAIT:
            return
        self.remember(self.record.watching(member, None))
        if watched.phase is Phase.SHADOW and ruled.ruling in {Ruling.KEEP, Ruling.REJECT}:
            self._store.challenge(member, None, who=WHO, why=ruled.reason, at=self._ctx.wall())
        self._carry_out(member, watched.new, watched.old, ruled)

    def drop_overtaken(self) -> None:
        """A person may have moved the pointers since: then there is nothing to rule on."""
        for member, one in self.record.watched.items():
            now = self._store.pointers(member)
            expected = now.challenger if one.phase is Phase.SHADOW else now.champion
            if expected != one.new:
                self.remember(self.record.watching(member, None))

    def _judged_live(self, line: Compared, watched: Probation) -> Ruled:
        gate = self._ctx.settings.gate
        if line.trouble:
            self._ctx.log.warning("a model cannot be compared", member=line.pair.member, why=line.trouble)
            return Ruled(Ruling.REJECT, line.trouble)
        if watched.phase is Phase.SHADOW:
            return in_shadow(line.comparison, gate)
        return as_canary(line.comparison, gate)

    def _carry_out(self, member: MemberName, artefact: str, champion: str | None, ruled: Ruled) -> None:
        ctx = self._ctx
        ctx.log.info("ruled on a model", member=member, artefact=artefact[:12], ruling=ruled.ruling, why=ruled.reason)
        if ruled.ruling in {Ruling.KEEP, Ruling.REJECT, Ruling.WAIT, Ruling.CONFIRM}:
            return
        if not ctx.autonomy.acts:
            ctx.would_have(f"{ruled.ruling} {member}", artefact=artefact, reason=ruled.reason)
            return
        match ruled.ruling:
            case Ruling.SHADOW if champion is not None:
                self._store.challenge(member, artefact, who=WHO, why=ruled.reason, at=ctx.wall())
                self._watch(member, Phase.SHADOW, champion, artefact)
            case Ruling.PROMOTE | Ruling.CANARY:
                self._store.promote(member, artefact, who=WHO, why=ruled.reason, at=ctx.wall())
                self._watch(member, Phase.CANARY, champion, artefact)
                ctx.progress("promotions")
            case Ruling.ROLL_BACK:
                self._store.fall_back(member, who=WHO, why=ruled.reason, at=ctx.wall())
                ctx.progress("rollbacks")

    def _watch(self, member: MemberName, phase: Phase, old: str | None, new: str) -> None:
        """On probation against the one before; the first one has none before it."""
        since_ms = market_ms(self._ctx.market_now())
        probation = None if old is None else Probation(phase=phase, old=old, new=new, since_ms=since_ms)
        self.remember(self.record.watching(member, probation))
