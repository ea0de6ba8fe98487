"""Tells the night: a table for the terminal, and a page in English or Norwegian as Markdown or one HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from textwrap import wrap
from typing import Any

from plugins.drills.seed_night.documents import Course, Judgement, Language, Night, Words

_TEXTS: dict[str, Words] = {
    "title": {"en": "The night of the seed", "no": "Natten til frøet"},
    "intro": {
        "en": (
            "The project began with a hand-written diagnosis of 23 November 2025. This run brings a real system into "
            "the state that the diagnosis describes, lets it speak, and judges each of the sixteen claims by what its "
            "own report and records show. The market is simulated, the venue the built-in one, at 60 times real time."
        ),
        "no": (
            "Prosjektet begynte med en håndskrevet diagnose fra 23. november 2025. Denne kjøringen bringer et "
            "virkelig system i tilstanden som diagnosen beskriver, lar det snakke, og bedømmer hver av de seksten "
            "påstandene etter det som dets egen rapport og egne poster viser. Markedet er simulert, børsen den "
            "innebygde, i 60 ganger virkelig tid."
        ),
    },
    "claims": {"en": "The sixteen claims", "no": "De seksten påstandene"},
    "claim": {"en": "the document said", "no": "dokumentet sa"},
    "truth": {"en": "verdict", "no": "dom"},
    "now": {"en": "what is true here, by our evidence", "no": "hva som er sant her, etter våre bevis"},
    "command": {"en": "shown by", "no": "vises av"},
    "courses": {"en": "What was brought about, found and healed", "no": "Hva som ble framkalt, funnet og helet"},
    "problem": {"en": "problem", "no": "problem"},
    "found": {"en": "found", "no": "funnet"},
    "by": {"en": "by", "no": "ved"},
    "healed": {"en": "healed", "no": "helet"},
    "proof": {"en": "proof, or the step left to a person", "no": "bevis, eller steget som er overlatt til et menneske"},
    "figures": {"en": "Figures", "no": "Tall"},
    "steps": {
        "en": "Steps that were left to a person, and then taken",
        "no": "Steg overlatt til et menneske, og så tatt",
    },
    "after": {"en": "Afterwards", "no": "Etterpå"},
    "repeat": {"en": "Repeat with", "no": "Gjenta med"},
}
_FIGURES: dict[Language, tuple[str, ...]] = {
    "en": (
        "found: {found} of {problems}, slowest {found_s} (target {found_most} s)",
        "healed and proven unattended: {healed} of {healable}, slowest {healed_s} (target {healed_most} s)",
        "left to a person with a step: {left}",
        "wrong findings: {wrong}",
        (
            "refused after {refused} s, everything ran {started} s after the corrected start; whole run {took} s on "
            "{machine}, load {load}"
        ),
    ),
    "no": (
        "funnet: {found} av {problems}, senest etter {found_s} (mål {found_most} s)",
        "helet og bevist uten tilsyn: {healed} av {healable}, senest etter {healed_s} (mål {healed_most} s)",
        "overlatt til et menneske med et steg: {left}",
        "gale funn: {wrong}",
        (
            "avvist etter {refused} s, alt kjørte {started} s etter den rettede starten; hele kjøringen {took} s på "
            "{machine}, last {load}"
        ),
    ),
}
REPEAT = "qt drill run night_of_the_seed"
FOUND_S, HEALED_S = 10.0, 60.0
WIDTH = 110
INDENTED: dict[str, Any] = {"initial_indent": "    ", "subsequent_indent": "    "}
Row = Sequence[str]


def claim_rows(judgements: Iterable[Judgement], night: Night, language: Language) -> Iterator[Row]:
    """Number, claim, verdict, what is true, command."""
    for one in judgements:
        word = night.verdict_words[one.truth][language]
        yield str(one.number), one.said[language], word, one.now[language], one.command


def course_rows(courses: Iterable[Course], language: Language) -> Iterator[Row]:
    """Problem, found, by, healed, proof or step."""
    for one in courses:
        told = "; ".join(part for part in (one.proof, one.person) if part)
        yield one.title[language], _seconds(one.found_s), one.by, _seconds(one.healed_s), told


def figure_lines(night: Night, language: Language) -> Iterator[str]:
    """The figures that were asked for."""
    courses = night.courses
    found = [one for one in courses if one.found_s is not None]
    healable = [one for one in courses if one.expects in {"healing", "both"}]
    healed = [one for one in healable if one.healed_s is not None]
    figures = {
        "found": len(found),
        "problems": len(courses),
        "found_s": _seconds(_most(one.found_s for one in found)),
        "found_most": f"{FOUND_S:g}",
        "healed": len(healed),
        "healable": len(healable),
        "healed_s": _seconds(_most(one.healed_s for one in healed)),
        "healed_most": f"{HEALED_S:g}",
        "left": sum(bool(one.person) for one in courses),
        "wrong": f"{len(night.wrong)}" + (f" ({', '.join(night.wrong)})" if night.wrong else ""),
        "refused": f"{night.refused_s:g}",
        "started": f"{night.started_s:g}",
        "took": f"{night.took_s:g}",
        "machine": night.machine,
        "load": f"{night.load:g}",
    }
    yield from (line.format(**figures) for line in _FIGURES[language])


def terminal(night: Night, language: Language = "en") -> str:
    """Claims with their verdicts, then what was brought about, for a terminal."""
    told = [
        line
        for number, said, word, now, command in claim_rows(night.judgements, night, language)
        for line in (f"{number:>2}  {word}: {said}", *wrap(f"{now}  [{command}]", WIDTH, **INDENTED), "")
    ]
    followed = [
        f"  {'well' if one.well else 'NOT WELL':8}  found {_seconds(one.found_s):>6}  "
        f"healed {_seconds(one.healed_s):>6}  {one.title[language]}"
        for one in night.courses
    ]
    return "\n".join([*told, *followed, "", *(f"  {line}" for line in figure_lines(night, language))])


def markdown(night: Night, language: Language) -> str:
    """The page in Markdown."""
    words = {name: text[language] for name, text in _TEXTS.items()}
    parts = [
        f"# {words['title']}", words["intro"], f"{words['repeat']} `{REPEAT}`.", f"## {words['figures']}",
        "\n".join(f"- {line}" for line in figure_lines(night, language)), f"## {words['claims']}",
        _table(_claim_heads(words), claim_rows(night.judgements, night, language)), f"## {words['courses']}",
        _table(_course_heads(words), course_rows(night.courses, language)), f"## {words['steps']}",
        "\n".join(f"- {step}" for step in night.steps), f"{words['after']}: {night.healthy_after}.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def html(night: Night, language: Language) -> str:
    """The page as one file without a script."""
    words = {name: escape(text[language]) for name, text in _TEXTS.items()}
    lines = "".join(f"<li>{escape(line)}</li>" for line in figure_lines(night, language))
    lang = "nb" if language == "no" else "en"
    steps = "".join(f"<li>{escape(step)}</li>" for step in night.steps)
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{words["title"]}'
        f"</title><style>{_STYLE}</style><h1>{words['title']}</h1><p>{words['intro']}</p>"
        f"<p>{words['repeat']} <code>{REPEAT}</code>.</p><h2>{words['figures']}</h2><ul>{lines}</ul>"
        f"<h2>{words['claims']}</h2>{_html_table(_claim_heads(words), claim_rows(night.judgements, night, language))}"
        f"<h2>{words['courses']}</h2>{_html_table(_course_heads(words), course_rows(night.courses, language))}"
        f"<h2>{words['steps']}</h2><ul>{steps}</ul><p>{words['after']}: {escape(night.healthy_after)}.</p></html>\n"
    )


_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.35rem .5rem;vertical-align:top;"
    "text-align:left}code{background:#eee}"
)


def _claim_heads(words: dict[str, str]) -> Row:
    return "#", words["claim"], words["truth"], words["now"], words["command"]


def _course_heads(words: dict[str, str]) -> Row:
    return words["problem"], words["found"], words["by"], words["healed"], words["proof"]


def _table(heads: Row, rows: Iterable[Row]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '∕') for cell in row)} |" for row in lines)


def _html_table(heads: Row, rows: Iterable[Row]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _seconds(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} s"
