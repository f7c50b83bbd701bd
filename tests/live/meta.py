"""An archive of WhatsApp webhooks as Meta delivers them: repeated, late, out of order, several in one delivery.

Here: what WhatsApp tells (``Fact``), how it comes to be told (``deliveries``), and the files (``write_archive``,
``read_archive``). Not here: what is made of it, and who the numbers belong to.

    write_archive(world.facts, folder, world.now)         # a later call with a later instant lets the files grow
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

Payload = dict[str, Any]

BUSINESS = "525500000000"
"""The business's own number."""
_WINDOW = 90
"""Seconds in which deliveries may be put together."""


@dataclass(frozen=True)
class Fact:
    """An inbound message (no ``status``) or what became of an outbound one.

    ``at``: when it happened, ``told_at``: when WhatsApp first tells it; ``number``: digits of the customer's.
    """

    at: datetime
    told_at: datetime
    id: str
    number: str
    status: str | None = None
    type: str = "text"
    name: str | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """The identity of a fact: message and status."""
        return self.id, self.status


@dataclass(frozen=True)
class Habits:
    """How the deliveries misbehave, each a share: of facts (first three), of time windows, of facts."""

    repeated: float = 0.1
    late: float = 0.06
    delayed: float = 0.2
    grouped: float = 0.5
    other: float = 0.15


CALM = Habits(0, 0, 0, 0, 0)
"""Each fact at once, once, alone."""


@dataclass(frozen=True)
class Delivery:
    """One payload and when it came."""

    at: datetime
    payload: Payload


def deliveries(facts: Iterable[Fact], upto: datetime, habits: Habits = Habits(), seed: int = 0) -> list[Delivery]:
    """What was delivered up to an instant, in the order of arrival.

    The same facts are delivered the same way however often it is asked: a later instant only adds to the end.
    """
    arrived: dict[int, list[tuple[datetime, int, Fact]]] = {}
    told: list[tuple[int, Delivery]] = []
    for number, fact in enumerate(facts):
        chance = Random(f"{seed} {fact.key}")
        for at in _arrivals(fact, habits, chance):
            arrived.setdefault(int(at.timestamp()) // _WINDOW, []).append((at, number, fact))
        if chance.random() < habits.other:
            told.append((number, Delivery(fact.told_at + timedelta(seconds=1), _other(fact, chance))))
    for window, of_window in arrived.items():
        chance = Random(f"{seed} {window}")
        if chance.random() >= habits.grouped:
            told += [(number, Delivery(at, payload([fact]))) for at, number, fact in of_window]
            continue
        # told when the window is over: what happens after `upto` may share it with what came before
        end = datetime.fromtimestamp((window + 1) * _WINDOW, UTC)
        if end <= upto:
            together = [fact for _, _, fact in of_window]
            chance.shuffle(together)
            told.append((of_window[0][1], Delivery(end, payload(together, chance))))
    told = [one for one in told if one[1].at <= upto]
    return [delivery for _, delivery in sorted(told, key=lambda one: (one[1].at, one[0]))]


def _arrivals(fact: Fact, habits: Habits, chance: Random) -> list[datetime]:
    """When a fact is told: once, or more often."""
    delay = 0.0
    if chance.random() < habits.delayed:
        delay = chance.uniform(1, 300)
    if chance.random() < habits.late:
        delay = chance.uniform(3_600, 3 * 86_400)
    first = fact.told_at + timedelta(seconds=delay)
    if chance.random() >= habits.repeated:
        return [first]
    again = chance.choice([1, 60, 7_200, 86_400])
    return [first, *(first + timedelta(seconds=again * (n + 1)) for n in range(chance.randint(1, 2)))]


# ---------------------------------------------------------------------------------------------------------
# Payloads
# ---------------------------------------------------------------------------------------------------------


def payload(facts: Sequence[Fact], chance: Random | None = None) -> Payload:
    """One delivery of facts; with ``chance`` they are spread over several entries and changes."""
    changes: list[list[Fact]] = [[]]
    for fact in facts:
        if chance and changes[-1] and chance.random() < 0.3:
            changes.append([])
        changes[-1].append(fact)
    entries: list[list[Payload]] = [[]]
    for of_change in changes:
        if chance and entries[-1] and chance.random() < 0.3:
            entries.append([])
        entries[-1].append({"field": "messages", "value": _value(of_change)})
    return _envelope([{"id": "104000000000001", "changes": of_entry} for of_entry in entries])


def _envelope(entries: list[Payload]) -> Payload:
    return {"object": "whatsapp_business_account", "entry": entries}


def _value(facts: Sequence[Fact]) -> Payload:
    value: Payload = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": BUSINESS, "phone_number_id": "106000000000001"},
    }
    messages = [fact for fact in facts if fact.status is None]
    if messages:
        value["contacts"] = [{"profile": {"name": fact.name or ""}, "wa_id": fact.number} for fact in messages]
        value["messages"] = [_message(fact) for fact in messages]
    statuses = [_status(fact) for fact in facts if fact.status is not None]
    if statuses:
        value["statuses"] = statuses
    return value


def _message(fact: Fact) -> Payload:
    content: dict[str, Any] = {
        "text": {"body": "¿Hola? 👋 \u2028 «não»"},
        "reaction": {"message_id": "wamid.other", "emoji": "👍"},
        "system": {"body": "A changed number", "type": "customer_changed_number"},
    }
    message = {"from": fact.number, "id": fact.id, "timestamp": _seconds(fact.at), "type": fact.type}
    if fact.type == "unsupported":
        return message | {"errors": [{"code": 131_051, "title": "Message type unknown"}]}
    return message | {fact.type: content.get(fact.type, {"id": "900000000000001"})}


def _status(fact: Fact) -> Payload:
    status: Payload = {
        "id": fact.id,
        "status": fact.status,
        "timestamp": _seconds(fact.at),
        "recipient_id": fact.number,
    }
    if fact.status == "failed":
        status["errors"] = [{"code": 131_026, "title": "Message undeliverable"}]
    else:
        status["conversation"] = {"id": "billing", "origin": {"type": "service"}}
        status["pricing"] = {"billable": True, "pricing_model": "PMP", "category": "service"}
    return status


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))


def _other(fact: Fact, chance: Random) -> Payload:
    """What an archive also holds, about a fact or beside it: every kind of delivery but plain messages and statuses."""
    return chance.choice(
        [
            _with_nothing,
            _of_another_field,
            _of_another_system,
            _of_a_group,
            _edit,
            _revocation,
            _welcome,
            _echo,
            _echo_of_the_same,
            _history,
            _history_by_itself,
            _user_without_a_number,
            _change_of_number,
            _in_another_form,
        ]
    )(fact, chance)


def _changed(field: str, value: Payload) -> Payload:
    return _envelope([{"id": "104000000000001", "changes": [{"field": field, "value": _value([]) | value}]}])


def _about(fact: Fact, kind: str, **values: Any) -> Payload:
    """Something beside a fact, of its customer, at its instant."""
    key = {"from": fact.number, "id": f"{fact.id}.{fact.status}.{kind}", "timestamp": _seconds(fact.at), "type": kind}
    return key | values


def _with_nothing(fact: Fact, chance: Random) -> Payload:
    return _changed("messages", chance.choice([{}, {"messages": [], "statuses": [], "errors": [{"code": 130_429}]}]))


def _of_another_field(fact: Fact, chance: Random) -> Payload:
    field = chance.choice(["account_update", "message_template_status_update", "smb_app_state_sync"])
    return _changed(field, {"event": "VERIFIED_ACCOUNT", "messages": [_about(fact, "text")]})


def _of_another_system(fact: Fact, chance: Random) -> Payload:
    message = {"mid": fact.id, "text": "..."}
    return {"object": chance.choice(["instagram", "page"]), "entry": [{"id": "3", "messaging": [{"message": message}]}]}


def _of_a_group(fact: Fact, chance: Random) -> Payload:
    status = {"id": f"{fact.id}.group", "status": "read", "timestamp": _seconds(fact.at), "recipient_id": "Y2Fwa"}
    return _changed(
        "messages",
        {
            "messages": [_about(fact, "text", group_id="Y2Fwa")],
            "statuses": [status | {"recipient_type": "group", "recipient_participant_id": fact.number}],
        },
    )


def _edit(fact: Fact, chance: Random) -> Payload:
    told = {"original_message_id": fact.id, "message": {"type": "text", "text": {"body": "..."}}}
    return _changed("messages", {"messages": [_about(fact, "edit", edit=told)]})


def _revocation(fact: Fact, chance: Random) -> Payload:
    """At times before the message itself comes."""
    revocation = _about(fact, "revoke", revoke={"original_message_id": fact.id})
    if fact.status is None:
        return _changed("messages", {"messages": [revocation]})
    from_phone = revocation | {"from": BUSINESS, "to": fact.number}
    return _changed("smb_message_echoes", {"message_echoes": [from_phone]})


def _welcome(fact: Fact, chance: Random) -> Payload:
    return _changed("messages", {"messages": [_about(fact, "request_welcome")]})


def _echo(fact: Fact, chance: Random) -> Payload:
    """The business writes on its phone."""
    echo = _about(fact, "text", to=fact.number) | {"from": BUSINESS}
    return _changed("smb_message_echoes", {"message_echoes": [echo]})


def _echo_of_the_same(fact: Fact, chance: Random) -> Payload:
    """The message of which a status tells was written on the phone."""
    if fact.status is None:
        return _echo(fact, chance)
    echo = _about(fact, "image", to=fact.number) | {"from": BUSINESS, "id": fact.id}
    return _changed("smb_message_echoes", {"message_echoes": [echo]})


def _history(fact: Fact, chance: Random) -> Payload:
    """A thread of before: it holds a message of either side, and what was delivered already."""
    read = {"history_context": {"status": chance.choice(["READ", "DELIVERED", "PLAYED", "ERROR", "PENDING"])}}
    ours = _about(fact, "video", to=fact.number) | {"from": BUSINESS} | read
    messages = [_about(fact, "text") | read, ours]
    if fact.status is None:
        messages.append(_message(fact) | read)
    threads = [{"id": fact.number, "messages": messages}]
    chunk = {"metadata": {"phase": 0, "chunk_order": 1, "progress": 55}, "threads": threads}
    return _changed("history", {"history": [chunk]})


def _history_by_itself(fact: Fact, chance: Random) -> Payload:
    """What the history tells of its media, in a delivery of their own; the business shares no more."""
    errors = [{"code": 2_593_109, "title": "History sync is turned off"}]
    return _changed("history", {"messages": [_about(fact, "audio")], "history": [{"errors": errors}]})


def _user_without_a_number(fact: Fact, chance: Random) -> Payload:
    """A message and a status name the user alone; at times a contact tells the number too."""
    user = f"MX.{fact.number}"
    contact = {"profile": {"name": "Ana"}, "user_id": user} | chance.choice([{}, {"wa_id": fact.number}])
    message = _about(fact, "text", from_user_id=user)
    del message["from"]
    status = {"id": f"{message['id']}.out", "status": "delivered", "timestamp": _seconds(fact.at)}
    status |= chance.choice([{"recipient_user_id": user}, {"recipient_id": user}])
    return _changed("messages", {"contacts": [contact], "messages": [message], "statuses": [status]})


def _change_of_number(fact: Fact, chance: Random) -> Payload:
    """The customer has another number from then on, and writes from it."""
    new = f"{fact.number}0"
    change = {"body": "A changed number", "type": "user_changed_number", "wa_id": new}
    messages = [_about(fact, "system", system=change), _about(fact, "sticker") | {"from": new}]
    return _changed("messages", {"messages": messages})


def _in_another_form(fact: Fact, chance: Random) -> Payload:
    """A number of Mexico without its 1, or with it."""
    number = fact.number
    if number.startswith("521"):
        number = number.replace("521", "52", 1)
    elif number.startswith("52"):
        number = number.replace("52", "521", 1)
    return _changed("messages", {"messages": [_about(fact, "document") | {"from": number}]})


# ---------------------------------------------------------------------------------------------------------
# Files
# ---------------------------------------------------------------------------------------------------------


def write_archive(
    facts: Iterable[Fact],
    folder: Path,
    upto: datetime,
    habits: Habits = Habits(),
    *,
    seed: int = 0,
    torn: bool = False,
) -> list[Path]:
    """Bring a folder up to an instant: a file a day of arrival, every second one packed; gives the files that changed.

    Files only grow, packed ones by another member. ``torn``: of the last line only the first half is written so far; a
    later call writes the rest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[bytes]] = {}
    for delivery in deliveries(facts, upto, habits, seed):
        lines.setdefault(_file_name(delivery.at), []).append(_line(delivery))
    if torn and lines:
        last = lines[max(lines)]
        last[-1] = last[-1][: len(last[-1]) // 2]
    return [folder / name for name, of_file in sorted(lines.items()) if _grow(folder / name, b"".join(of_file))]


def _file_name(at: datetime) -> str:
    day = at.astimezone(UTC).date()
    return f"webhooks-{day}.ndjson" + (".gz" if day.toordinal() % 2 else "")


def _line(delivery: Delivery) -> bytes:
    # a line separator of Unicode inside a text is no end of a line
    return json.dumps(delivery.payload, ensure_ascii=False).encode() + b"\n"


def _grow(path: Path, content: bytes) -> bool:
    held = _content(path) if path.exists() else b""
    if held.startswith(content):
        return False
    assert content.startswith(held), f"{path.name} would be rewritten: a fact was told after its instant had passed"
    with path.open("ab") as file:
        added = content[len(held) :]
        file.write(gzip.compress(added, mtime=0) if path.suffix == ".gz" else added)
    return True


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def read_archive(folder: Path) -> list[Payload]:
    """Every whole delivery that the files of a folder hold, file by file; a line that is not ended is left out."""
    payloads = []
    for path in sorted(folder.glob("*.ndjson*")) if folder.is_dir() else []:
        *ended, _ = _content(path).split(b"\n")
        payloads += [json.loads(line) for line in ended if line.strip()]
    return payloads
