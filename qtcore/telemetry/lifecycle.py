"""Traces of what the supervisor does: one per episode, from the first sign of trouble to proven recovery."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, Status, StatusCode, Tracer, get_current_span, set_span_in_context

from qtcore.messaging.trace_context import context_of

Attribute = str | int | float | bool


class Step:
    """One part of an episode (notice, decide, evidence, spawn, start, re-check), open until `end`.

    Times are unix nanoseconds; None means now.
    """

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return f"{self._span.get_span_context().trace_id:032x}"

    @property
    def traceparent(self) -> str:
        """For HostMessage.traceparent and Envelope.traceparent: makes what follows elsewhere part of this."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def note(self, **attributes: Attribute) -> None:
        """Add figures; `exit_code=3` becomes `qt.exit_code`."""
        self._span.set_attributes(_named(attributes))

    def end(self, *, error: str | None = None, at_ns: int | None = None) -> None:
        """It is over; with `error` it failed. Ending twice is harmless."""
        if not self._span.is_recording():
            return
        if error is not None:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end(at_ns)

    @property
    def context(self) -> Context:
        """The parent of what belongs under this step."""
        return set_span_in_context(self._span, Context())


class Episode(Step):
    """From the first sign of trouble (or a wish to start) to proven recovery; the root of one trace."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        super().__init__(span)
        self._tracer = tracer

    @classmethod
    def begin(
        cls, tracer: Tracer, name: str, *, at_ns: int | None = None, follows: str | None = None, **attributes: Attribute
    ) -> Episode:
        """Open a new trace; `name` is one of few (`episode.start`, `episode.recovery`), whom it is about an attribute.

        `follows` is a traceparent that this answers (the span that died, the command that asked):
        it is linked, not made the parent.
        """
        cause = get_current_span(context_of(follows)).get_span_context()
        span = tracer.start_span(
            name,
            context=Context(),
            attributes=_named(attributes),
            links=[Link(cause)] if cause.is_valid else (),
            start_time=at_ns,
        )
        return cls(tracer, span)

    def step(self, name: str, *, under: Step | None = None, at_ns: int | None = None, **attributes: Attribute) -> Step:
        """Open a part of the episode."""
        return self._open(name, under or self, at_ns, attributes)

    def did(self, name: str, start_ns: int, end_ns: int, *, error: str | None = None, **attributes: Attribute) -> None:
        """Record a part that is already over."""
        self._open(name, self, start_ns, attributes).end(error=error, at_ns=end_ns)

    def _open(self, name: str, parent: Step, at_ns: int | None, attributes: dict[str, Attribute]) -> Step:
        span = self._tracer.start_span(name, context=parent.context, attributes=_named(attributes), start_time=at_ns)
        return Step(span)


def _named(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    return {f"qt.{name}": value for name, value in attributes.items()}
