"""The verdict about one build: Great Expectations evaluates the suites, and the result is stored with the build's id.

Here: evaluation, the stored verdict. Not here: what is expected (``suites``), Data Docs, and publication. A build
passes if at least one expectation was evaluated, none raised an error, and no critical one failed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from expectations import data_docs
from expectations.data_docs import Expected, Suite, shown
from expectations.own import OwnSuite
from expectations.suites import release
from ingestion.limits import Quality

if TYPE_CHECKING:
    import pandas

_SAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """A failed expectation of one suite: what was expected and observed; ``samples`` are rows of its frame."""

    suite: str
    expectation: str
    severity: str
    expected: str
    observed: str
    samples: tuple[dict[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.suite}: {self.expected} Found: {self.observed}"


@dataclass(frozen=True)
class Verdict:
    """What the suites say about one build.

    ``raised`` counts expectations that could not be evaluated. ``contents`` are the checksums of the marts that were
    judged (``contents.contents``). ``against`` is the id of the release that was current.
    """

    build_id: str
    evaluated: int
    raised: int
    findings: tuple[Finding, ...]
    contents: dict[str, list[str]] = field(default_factory=dict)
    against: str | None = None

    @property
    def refusals(self) -> list[Finding]:
        """Failures that keep the build from being published."""
        return [finding for finding in self.findings if finding.severity != "warning"]

    @property
    def warnings(self) -> list[Finding]:
        """Failures that do not."""
        return [finding for finding in self.findings if finding.severity == "warning"]

    @property
    def holds(self) -> bool:
        """Whether the build passed and may be published."""
        return self.evaluated > 0 and self.raised == 0 and not self.refusals

    def write(self, path: Path) -> None:
        """Store the verdict, at once and whole."""
        fresh = path.with_name(f".{path.name}")
        fresh.write_text(json.dumps(asdict(self), indent=1))
        fresh.replace(path)


def read_verdict(path: Path) -> Verdict:
    """The verdict that is stored in a file.

    Raises:
        FileNotFoundError: there is no such file.
    """
    content = json.loads(path.read_text())
    content["findings"] = tuple(
        Finding(**finding | {"samples": tuple(finding.get("samples", ()))}) for finding in content["findings"]
    )
    return Verdict(**content)


def judge(
    build_id: str,
    frames: dict[str, pandas.DataFrame],
    limits: Quality,
    docs: Path | None,
    suites: release.Suites = release.suites,
) -> Verdict:
    """Evaluate the suites on the frames of a build and write Data Docs into ``docs`` (None: no Data Docs)."""
    verdict, write_docs = evaluate(build_id, frames, limits, suites)
    if docs is not None:
        write_docs(docs)
    return verdict


def evaluate(
    build_id: str,
    frames: dict[str, pandas.DataFrame],
    limits: Quality,
    suites: release.Suites = release.suites,
    own: Sequence[OwnSuite] = (),
    about: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Verdict, Callable[[Path], None]]:
    """Evaluate the suites on the frames of a build: the verdict, and what writes its Data Docs into a folder.

    ``own``: the user's, which bring their frames. ``about``: what the suites are about.
    """
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    frames_source = context.data_sources.add_pandas("build")
    findings = [
        Finding(one.name, "module", "critical", f"expectations/{one.name}.py can be used.", one.mistake)
        for one in own
        if one.mistake
    ]
    in_docs = [Suite(one.suite, "", [Expected(one.expected, "failed", one.observed)]) for one in findings]
    evaluated = raised = len(findings)
    frames = frames | {one.name: one.frame for one in own if one.frame is not None}
    whole = suites(limits) | {one.name: list(one.expected) for one in own if one.frame is not None}
    for name, expected in whole.items():
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=expected))
        batch = frames_source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
        validation = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
        result = validation.run(
            batch_parameters={"dataframe": frames[name]},
            result_format={"result_format": "COMPLETE", "partial_unexpected_count": 5},
        )
        of_suite = []
        for one in result.results:
            evaluated += 1
            finding = _finding(name, one, frames[name])
            if finding is None:
                of_suite.append(Expected(_expected(one.expectation_config), "met"))
                continue
            raised += _raised(one) is not None
            findings.append(finding)
            outcome = "warning" if finding.severity == "warning" else "failed"
            of_suite.append(Expected(finding.expected, outcome, finding.observed, _places(one)))
        in_docs.append(Suite(name, about.get(name, ""), of_suite, frames[name]))
    verdict = Verdict(build_id, evaluated, raised, tuple(findings))
    return verdict, partial(data_docs.write, build=build_id, suites=in_docs, holds=verdict.holds)


def _raised(result: Any) -> str | None:
    """What was raised while an expectation was evaluated."""
    information = result.exception_info or {}
    nested = [value for value in information.values() if isinstance(value, dict)] or [information]
    said = [" ".join(str(value.get("exception_message")).split()) for value in nested if value.get("raised_exception")]
    return "; ".join(said) if said else None


def _finding(suite: str, result: Any, frame: pandas.DataFrame) -> Finding | None:
    """The finding of a result, with the values of the frame; None if the expectation was met."""
    mistake = _raised(result)
    if result.success and mistake is None:
        return None
    configuration = result.expectation_config
    severity = str(getattr(configuration.severity, "value", configuration.severity))
    expected = _expected(configuration)
    if mistake is not None:
        return Finding(suite, configuration.type, "critical", expected, f"it could not be evaluated: {mistake[:500]}")
    rows = _places(result)[:_SAMPLES]
    if rows:
        observed = "; ".join(_row(frame, row, configuration.kwargs.get("column")) for row in rows)
    elif missing := result.result.get("partial_missing_list"):
        observed = f"no {', '.join(map(str, missing))}"
    else:
        observed = str(result.result.get("observed_value", result.result.get("partial_unexpected_list")))
    samples = tuple({str(name): str(value) for name, value in frame.iloc[row].items()} for row in rows)
    return Finding(suite, configuration.type, severity, expected, observed, samples)


def _expected(configuration: Any) -> str:
    """An expectation as a sentence."""
    notes = configuration.notes or configuration.type
    return " ".join([*([notes] if isinstance(notes, str) else notes), *_limits(configuration.kwargs)])


def _places(result: Any) -> list[int]:
    """The rows of the frame that an expectation failed on."""
    return [place for place in result.result.get("unexpected_index_list") or [] if isinstance(place, int)]


def _limits(arguments: dict[str, Any]) -> list[str]:
    """What the arguments of an expectation say of a column or of limits, in brackets."""
    column = arguments.get("column")
    low, high = (None if value is None else shown(value) for value in map(arguments.get, ("min_value", "max_value")))
    subject = column or "the value"
    if low is None and high is None:
        return [f"(column {column})"] if column else []
    if low == high:
        return [f"({subject} must be {low})"]
    if high is None:
        return [f"({subject} must be at least {low})"]
    if low is None:
        return [f"({subject} must be at most {high})"]
    return [f"({subject} must lie between {low} and {high})"]


def _row(frame: pandas.DataFrame, place: int, column: str | None) -> str:
    """The texts of a row, which say what it is about, and the unexpected value; the whole row if these are several."""
    row = frame.iloc[place]
    if column is None:
        return ", ".join(f"{name} {shown(value, 4)}" for name, value in row.items())
    names = [str(value) for name, value in row.items() if isinstance(value, str) and name != column]
    return f"{' '.join(names)}: {column} {shown(row[column], 4)}"
