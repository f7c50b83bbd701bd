"""The words of an alert: what happened, since when, what readers still see, the next step; and what is over.

Here: texts, and the same as JSON for commands. Names and reasons come from others, so everything goes through
``ingestion.shown``. Not here: who is told (``tell``), and what a channel asks for besides (``channels``).
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, Literal

from ingestion.http.addresses import cut
from ingestion.shown import shortened, visible
from orchestration.home import Home
from orchestration.releases import catalog
from orchestration.troubles import Trouble

_LONGEST = 3000
"""Characters of the troubles in a text. Slack advises 4,000 for a whole message, and splits longer ones."""
_LONGEST_LINE = 400
_MOST_REASONS = 3


@dataclass(frozen=True)
class Message:
    """One message. ``content``: the same for a program."""

    subject: str
    text: str
    content: dict[str, Any]


def of_change(
    home: Home, began: Sequence[Trouble], over: Sequence[Trouble], readers_see: str, *, is_well: bool
) -> Message:
    """What has begun and what is over. ``is_well``: nothing else needs attention either."""
    began, over = [_shown(trouble) for trouble in began], [_shown(trouble) for trouble in over]
    paragraphs = [_began(trouble) for trouble in began] + [_over(trouble) for trouble in over]
    sees = visible(readers_see)
    end = f"Nothing needs attention now. {sees}" if is_well else sees
    first = began[0] if began else over[0]
    more = f" and {len(paragraphs) - 1} more" if len(paragraphs) > 1 else ""
    return _message(
        home,
        f"{'' if began else 'over: '}{_name(first)}{more}",
        [*_fitting(paragraphs), cut(end, _LONGEST_LINE)],
        {
            "readers_see": sees,
            "troubles": [*(_as_json("began", each) for each in began), *(_as_json("over", each) for each in over)],
        },
    )


def of_test(home: Home, readers_see: str) -> Message:
    """A message that only shows that a channel works."""
    sees = visible(readers_see)
    return _message(
        home, "a test", [f"This is a test: this channel works. {sees}"], {"readers_see": sees, "troubles": []}
    )


def what_readers_see(home: Home) -> str:
    """The current release, as a sentence."""
    release = catalog.current(home)
    if release is None:
        return "Nothing is published yet."
    through = f", data through {release.data_through[:16].replace('T', ' ')} UTC" if release.data_through else ""
    return f"Readers see {release.release_id}{through}."


def _message(home: Home, subject: str, paragraphs: list[str], content: dict[str, Any]) -> Message:
    where = visible(f"causerie, {home.path} on {socket.gethostname()}")
    text = "\n\n".join([where, *paragraphs])
    return Message(f"causerie: {subject}", text, content | {"text": text})


def _shown(trouble: Trouble) -> Trouble:
    return replace(
        trouble,
        subject=shortened(visible(trouble.subject)),
        reasons=tuple(cut(visible(" ".join(reason.split())), _LONGEST_LINE) for reason in trouble.reasons),
        next_step=cut(visible(trouble.next_step), _LONGEST_LINE),
    )


def _name(trouble: Trouble) -> str:
    return f"{trouble.kind}: {trouble.subject}"


def _dated(word: str, trouble: Trouble) -> list[str]:
    return [f"{word} {trouble.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"] if trouble.since else []


def _began(trouble: Trouble) -> str:
    more = len(trouble.reasons) - _MOST_REASONS
    lines = [*_dated("since", trouble), *trouble.reasons[:_MOST_REASONS]]
    lines += [f"and {more} more reasons"] if more > 0 else []
    lines += [f"next: {trouble.next_step}"] if trouble.next_step else []
    return "\n  ".join([_name(trouble), *lines])


def _over(trouble: Trouble) -> str:
    return ", ".join([f"over: {_name(trouble)}", *_dated("which began", trouble)])


def _fitting(paragraphs: list[str]) -> list[str]:
    """The first ones, as many as fit, and how many do not. The first one always fits."""
    length = 0
    for number, paragraph in enumerate(paragraphs):
        length += len(paragraph)
        if length > _LONGEST:
            return [*paragraphs[:number], f"and {len(paragraphs) - number} more: causerie status"]
    return paragraphs


def _as_json(event: Literal["began", "over"], trouble: Trouble) -> dict[str, Any]:
    return {
        "event": event,
        "key": visible(trouble.key),
        "kind": trouble.kind,
        "subject": trouble.subject,
        "reasons": trouble.reasons,
        "since": trouble.since.isoformat() if trouble.since else None,
        "next_step": trouble.next_step,
    }
