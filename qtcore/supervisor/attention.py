"""What people say about findings: that they know, and that nobody need be told."""

from __future__ import annotations

import pwd
from collections.abc import Callable
from datetime import timedelta

from qtcore.config.problem import did_you_mean
from qtcore.control import requests as ask
from qtcore.control.server import ASKER
from qtcore.errors import ConfigurationError
from qtcore.health.kinds import Catalogue
from qtcore.records.clock import instant_now
from qtcore.supervisor.findings import FindingsBook
from qtcore.wording import counted


class Attention:
    """Carries such requests out in the name of whoever asked, by the kernel's word about the socket's other end."""

    def __init__(self, findings: FindingsBook, catalogue: Catalogue, *, changed: Callable[[], None]) -> None:
        self._findings = findings
        self._catalogue = catalogue
        self._changed = changed

    def carry_out(self, request: ask.AcknowledgeRequest | ask.MuteRequest | ask.UnmuteRequest) -> ask.Acted:
        """Raises ConfigurationError for what names no finding."""
        match request:
            case ask.AcknowledgeRequest():
                acted = self._acknowledge(request.args)
            case ask.MuteRequest():
                acted = self._mute(request.args)
            case ask.UnmuteRequest():
                acted = self._unmute(request.args)
        self._changed()
        return acted

    def _acknowledge(self, args: ask.AcknowledgeArguments) -> ask.Acted:
        found = self._findings.acknowledge(args.target, asker(), args.reason)
        if not found:
            raise self._unknown(args.target)
        sentence = f"{asker()} knows of {counted(len(found), 'finding')}: {', '.join(f.fingerprint for f in found)}"
        return ask.Acted(sentence=sentence, acted=True, affected=tuple({f.plugin for f in found if f.plugin}))

    def _mute(self, args: ask.MuteArguments) -> ask.Acted:
        if args.target not in self._findings.targets() and args.target not in self._catalogue:
            raise self._unknown(args.target)
        until = instant_now().wall + timedelta(seconds=args.for_s)
        self._findings.mute(args.target, until, asker(), args.reason)
        sentence = f"nobody is told of {args.target} until {until:%Y-%m-%d %H:%M:%S} UTC; it still counts"
        return ask.Acted(sentence=sentence, acted=True)

    def _unmute(self, args: ask.UnmuteArguments) -> ask.Acted:
        acted = self._findings.unmute(args.target, asker())
        what = f"people are told of {args.target} again" if acted else f"nothing to do: {args.target} is not muted"
        return ask.Acted(sentence=what, acted=acted)

    def _unknown(self, target: str) -> ConfigurationError:
        hint = did_you_mean(target, self._findings.targets()) or "; there is none at present"
        return ConfigurationError(f'no open finding is named "{target}"{hint}')


def asker() -> str:
    """The person who sent the request that is being carried out."""
    uid = ASKER.get()
    if uid is None:
        return "somebody"
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:  # a container's user may have no name
        return f"uid {uid}"
