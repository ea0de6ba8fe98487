"""Acts upon one plugin: `qt start|stop|restart|quarantine|release NAME`."""

from __future__ import annotations

from typing import Annotated

import typer

from qtcore.cli.app import DryRunOption, HomeOption, JsonOption, new_app
from qtcore.cli.asking import ask_home
from qtcore.cli.exits import Exit
from qtcore.cli.output import say, say_json
from qtcore.records.home import Home

Reason = Annotated[str, typer.Option("--reason", help="kept in the journal")]
PluginArgument = Annotated[str, typer.Argument(metavar="NAME", help="the plugin")]


def _act_app(op: str, help_text: str) -> typer.Typer:
    app = new_app()

    @app.command(name=op, help=help_text)
    def act(
        plugin: PluginArgument,
        reason: Reason = "",
        dry_run: DryRunOption = False,
        home: HomeOption = None,
        as_json: JsonOption = False,
    ) -> int:
        arguments = {"plugin": plugin, "reason": reason, "dry_run": dry_run}
        acted = ask_home(Home.find(home), op, arguments)
        if as_json:
            say_json(acted)
        else:
            say(acted["sentence"])
            if acted["affected"]:
                say(f"along with it: {', '.join(acted['affected'])}")
        return Exit.HEALTHY

    return app


start = _act_app("start", "Start a plugin that was stopped or disabled.")
stop = _act_app("stop", "Stop a plugin and keep it stopped until `qt start`.")
restart = _act_app("restart", "Stop and start a plugin now.")
quarantine = _act_app("quarantine", "Take a plugin out until `qt release`.")
release = _act_app("release", "Give a quarantined plugin another chance.")
