"""The sections of `plugins.yaml`, their defaults and their meaning.

The reference page `docs/reference/configuration.md` is generated from the descriptions here.
"""

import re
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from qtcore.documents import PluginName
from qtcore.kernel.words import Autonomy, Cause

HostName = PluginName


def _setting_path(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)+", text):
        raise ValueError("it should name a setting, as plugin.setting")
    return text


SettingPath = Annotated[str, AfterValidator(_setting_path)]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
OptionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class Section(BaseModel):
    """A part of the file; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ApplicationSection(Section):
    """What runs here, and in which world it acts."""

    name: str = Field(default="qtcore", description="shown on every screen")
    mode: str = Field(default="default", description="the world the application acts on, shown on every screen")
    modes: tuple[str, ...] = Field(
        default=(), description="every mode there is; when given, `mode` must be one of them"
    )
    language: Literal["en", "no"] = Field(default="en", description="what reports are set in: English or Norwegian")


class PostureSection(Section):
    """The scale of what the application may do now, and what applies when nobody says."""

    levels: tuple[str, ...] = Field(default=("normal",), min_length=1, description="loosest first")
    required: tuple[str, ...] = Field(
        default=(), description="plugins that must keep claiming a level; while one is silent `when_unknown` applies"
    )
    when_unknown: str | None = Field(default=None, description="default: the first level")
    vital: str | None = Field(
        default=None, description="the level the supervisor claims while a vital plugin is away; default: none"
    )


class SupervisionSection(Section):
    """How the supervisor itself behaves."""

    starts_in_flight: PositiveInt = Field(default=5, description="how many plugins may be starting at once")
    seed: int = Field(default=0, description="decides the jitter of restart delays, so that a run can be repeated")
    report_every_s: float = Field(
        default=3600.0,
        ge=0,
        description="how often a report is kept in the home, beside one at each change of the whole; 0: never",
    )


class RestartSection(Section):
    """When and how often a plugin or a host is tried again; all times in real seconds."""

    max_restarts: PositiveInt = Field(default=5, description="ends within `window_s` before the next rung")
    window_s: PositiveFloat = Field(default=60.0, description="the sliding window in which ends are counted")
    base_s: PositiveFloat = Field(default=1.0, description="first delay; it doubles with each attempt")
    cap_s: PositiveFloat = Field(default=60.0, description="no delay is ever longer")
    cap_by_cause_s: dict[Cause, PositiveFloat] = Field(
        default={}, description="another cap where the end has this cause, such as `out_of_memory: 300`"
    )
    stable_after_s: PositiveFloat = Field(default=60.0, description="proven health that forgives one attempt")
    quarantine_trial_s: PositiveFloat = Field(
        default=300.0, description="when a quarantined plugin gets one trial; means nothing for a host"
    )


class HostRestartSection(RestartSection):
    """The same for a host; nobody in it is known to be guilty, so nobody waits long."""

    cap_s: PositiveFloat = Field(default=10.0, description="no delay is ever longer")


class HealingSection(Section):
    """How much is done against a trouble that a plugin's own health reports; all times in real seconds."""

    max_acts: PositiveInt = Field(default=5, description="heals and restarts within `window_s` before a person is told")
    window_s: PositiveFloat = Field(default=3600.0, description="the sliding window in which acts are counted")
    timeout_s: PositiveFloat = Field(default=30.0, description="how long `heal` may take, and its re-check after it")


class HostSection(Section):
    """One process in which plugins run."""

    preload: tuple[str, ...] = Field(
        default=(), description="third-party modules imported before the host is forked; added to what plugins declare"
    )
    loop_limit_s: PositiveFloat = Field(default=1.0, description="silence of the event loop after which it is hung")
    load_limit_s: PositiveFloat = Field(default=30.0, description="the same while plugins are being imported")
    restart: HostRestartSection = Field(
        default=HostRestartSection(), description="for deaths that no single plugin can be blamed for"
    )
    nice: int = Field(
        default=0,
        ge=0,
        le=19,
        description="how far it stands back when processors are short: 0 not at all, 19 most; "
        "above 0 it also hears messages 50 ms later",
    )
    memory_mb: PositiveInt | None = Field(
        default=None, description="data that each of its processes may hold; beyond it allocations fail there"
    )


class HealthSection(Section):
    """How a plugin's health is asked."""

    cadence_s: PositiveFloat | None = Field(default=None, description="default: what the plugin declares")
    timeout_s: PositiveFloat = Field(default=5.0, description="an answer later than this is a failed sensor")


class PluginSection(Section):
    """One plugin: what it is, where it runs and what it depends on."""

    use: str = Field(description="`package.module` with one plugin class, or `package.module:Class`")
    host: HostName = Field(default="main", description="the host it runs in; `main` need not be declared")
    enabled: bool = Field(default=True, description="false: listed and counted as off")
    requires: tuple[str, ...] = Field(
        default=(), description="modules without which it is off and says so, instead of failing to start"
    )
    needs: tuple[PluginName, ...] = Field(default=(), description="paused until each of these is ready")
    wants: tuple[PluginName, ...] = Field(default=(), description="better with these, starts without them")
    after: tuple[PluginName, ...] = Field(default=(), description="order of starting only")
    autonomy: Autonomy = Field(
        default=Autonomy.ENFORCED, description="how much it may do on its own; off: not started, and counted as off"
    )
    vital: bool | None = Field(default=None, description="never given up; default: what the plugin declares")
    start_timeout_s: PositiveFloat = Field(default=30.0, description="from start to ready")
    stop_timeout_s: PositiveFloat = Field(default=10.0, description="from stop to gone")
    restart: RestartSection = RestartSection()
    healing: HealingSection = HealingSection()
    health: HealthSection = HealthSection()
    settings: dict[str, Any] = Field(default={}, description="the plugin's own; checked against its settings class")

    @property
    def runs(self) -> bool:
        """Whether it is started at all."""
        return self.off_because is None

    @property
    def off_because(self) -> str | None:
        """Why it is not started; None when it is. Modules are looked for, not imported."""
        if not self.enabled:
            return "disabled in the configuration"
        if self.autonomy is Autonomy.OFF:
            return "its autonomy is off"
        return f"{' and '.join(self.missing)} not installed" if self.missing else None

    @property
    def missing(self) -> tuple[str, ...]:
        """The required modules that are not installed here."""
        return tuple(module for module in self.requires if find_spec(module.partition(".")[0]) is None)


class AliasSection(Section):
    """A variable of another name; `NAME: plugin.setting` is short for one that sets one setting."""

    sets: tuple[SettingPath, ...] = Field(min_length=1, description="each `plugin.setting`, or `application.mode`")
    values: dict[str, str | tuple[str, ...]] = Field(
        default={},
        description="translation of the variable's values, in lower case; for `application.mode` a list where a value "
        "only leaves a choice",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        data = {"sets": data} if isinstance(data, str) else data
        if isinstance(data, dict) and isinstance(data.get("sets"), str):
            return {**data, "sets": (data["sets"],)}
        return data

    @model_validator(mode="after")
    def _choices_are_of_the_mode(self) -> "AliasSection":
        if self.sets != ("application.mode",) and any(isinstance(value, tuple) for value in self.values.values()):
            raise ValueError("a list of values can only say which modes are meant; name one value")
        return self


class Sections(Section):
    """The whole file."""

    version: Literal[1] = Field(description="the format of this file")
    application: ApplicationSection = ApplicationSection()
    posture: PostureSection = PostureSection()
    supervision: SupervisionSection = SupervisionSection()
    options: dict[OptionName, SettingPath] = Field(
        default={}, description="settings that `qt up --NAME VALUE` may set, as `plugin.setting`"
    )
    aliases: dict[VariableName, AliasSection] = Field(
        default={}, description="environment variables of other names, as `plugin.setting`"
    )
    hosts: dict[HostName, HostSection] = Field(default={}, description="the processes, by name")
    plugins: dict[PluginName, PluginSection] = Field(description="the plugins, by name", min_length=1)
