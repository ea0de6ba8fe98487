"""The configuration that this repository ships with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from qtcore.config.check import Checked, check_configuration
from qtcore.config.problem import ConfigurationRefused, Weight
from tests.conftest import Paths

pytestmark = pytest.mark.anyio


Check = Callable[..., Awaitable[Checked]]


@pytest.fixture(scope="module")
def check(paths: Paths, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """`check(NAME="value")` checks the file with these variables; what they leave as it was is looked at once."""
    cache = tmp_path_factory.mktemp("home") / "cache"

    async def checked(**variables: str) -> Checked:
        return await check_configuration(paths.root / "plugins.yaml", variables, {}, cache)

    return checked


async def test_everything_fits_together(check: Check) -> None:
    """No error, no finding: at most a topic that nobody reads yet."""
    checked = await check()
    assert [str(problem) for problem in checked.problems if problem.weight is not Weight.NOTE] == []
    assert checked.configuration.mode == "paper"
    assert checked.blueprint.plan.posture.when_unknown == "reduce_only"


async def test_names_of_old_still_work(check: Check) -> None:
    """One variable of the original reaches every setting that means the same."""
    checked = await check(QT_MAX_POSITIONS="3", QT_PAPER_TRADING="true", STAGING_MODE="1")
    plugins = checked.configuration.sections.plugins
    assert plugins["executor"].settings["positions"] == plugins["risk_guard"].settings["positions"] == "3"


@pytest.mark.parametrize(
    "variables",
    [
        {"QT_PAPER_TRADING": "false"},
        {"STAGING_MODE": "false"},
        {"QT_PAPER_TRADING": "true", "STAGING_MODE": "false"},
        {"BINANCE_TESTNET": "true"},
        {"USE_BINANCE_TESTNET": "1"},
        {"BINANCE_USE_TESTNET": "true", "BINANCE_TESTNET": "false"},
        {"QT_EXECUTION_BINANCE_TESTNET": "true"},
        {"EXCHANGE_MODE": "live"},
        {"QT_EXECUTION_EXCHANGE": "binance-futures"},
    ],
)
async def test_a1_paper_and_live_cannot_be_confused(check: Check, variables: dict[str, str]) -> None:
    """A variable that names another mode than the file refuses the start."""
    with pytest.raises(ConfigurationRefused, match=r"make them agree|contradict each other"):
        await check(**variables)


async def test_a1_flags_that_agree_are_only_that(check: Check) -> None:
    """All eight of the original's flags may be set, as long as each means this file's mode."""
    flags = {"QT_PAPER_TRADING": "true", "STAGING_MODE": "true", "BINANCE_TESTNET": "false", "EXCHANGE_MODE": "paper"}
    assert (await check(**flags)).configuration.mode == "paper"


async def test_a11_a_comment_that_became_part_of_a_flag_is_refused(check: Check) -> None:
    """`true # for now` is no truth value, and nothing is guessed from it."""
    with pytest.raises(ConfigurationRefused, match="it must be one of"):
        await check(QT_PAPER_TRADING="true # for now")


async def test_everything_that_refuses_the_start_is_named_at_once(check: Check) -> None:
    """Flags, thresholds and a stop of another market: one refusal tells all of them, so one correction is enough."""
    with pytest.raises(ConfigurationRefused) as caught:
        await check(
            QT_PAPER_TRADING="false",
            STAGING_MODE="false",
            QT_CONFIDENCE_THRESHOLD="0.64",
            QT_MIN_CONFIDENCE="0.65",
            QT_POLICY__SOURCES="[ensemble]",
            QT_POSITION_MONITOR__STOP_TYPE="stop_loss_limit",
        )
    told = str(caught.value)
    assert "QT_PAPER_TRADING says testnet or live" in told
    assert "STAGING_MODE says testnet or live" in told
    assert "QT_CONFIDENCE_THRESHOLD and QT_MIN_CONFIDENCE contradict each other" in told
    assert "rsi_rule makes signals of 0.55 to 0.65" in told
    assert "\"stop_type\" should be 'market', 'limit' or 'hybrid', and is \"stop_loss_limit\"" in told
