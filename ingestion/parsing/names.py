"""Names of columns and files: those that a file has, and which column or entity a strange name likely means.

Here: likeness and synonyms. Not here: what a column holds (``export_format``), and reading its values (``readers``).
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import duckdb

from ingestion.export_format import Entity
from ingestion.parsing.readers import parquet_types
from ingestion.storage.compression import open_text

_LOOKED_AT = 20
"""So many records of an NDJSON file are looked at for names of columns."""
_CHARACTERS = 1 << 20
"""No more of a file is looked at: a line can be as long as the whole file."""
_NEAR = 0.8
"""From this likeness on (of ``difflib``), two names are near."""
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "conversation_id": (
        "conversation",
        "ticket",
        "ticket_id",
        "thread",
        "thread_id",
        "chat_id",
        "case_id",
        "session_id",
    ),
    "started_at": ("started", "created", "created_at", "opened", "opened_at", "creation_date", "start", "date_created"),
    "closed_at": ("closed", "solved", "solved_at", "resolved", "resolved_at", "end", "ended_at", "closing_date"),
    "agent_id": ("agent", "assignee", "assignee_id", "assigned_to", "owner", "owner_id", "user_id", "author_id"),
    "contact_id": ("contact", "customer", "customer_id", "requester", "requester_id", "client_id", "lead_id"),
    "tags": ("tag", "labels", "label", "tag_list"),
    "team": ("group", "department", "team_name", "group_name", "inbox"),
    "channel": ("via", "medium", "channel_type"),
    "status": ("state", "ticket_status", "conversation_status"),
    "message_id": ("id", "comment_id"),
    "sent_at": ("sent", "at", "timestamp", "time", "date", "created", "created_at"),
    "direction": ("type", "message_type", "in_out", "incoming"),
    "sender_type": ("sender", "author_type", "author_kind", "author", "from", "role"),
    "origin": ("source", "sent_from", "via"),
    "private": ("internal", "is_private", "note", "public"),
    "updated_at": ("updated", "modified", "modified_at", "last_modified", "changed_at"),
    "deleted": ("is_deleted", "deleted_at", "removed"),
    "name": ("full_name", "display_name"),
    "phone": ("phone_number", "mobile", "telephone", "whatsapp"),
    "email": ("mail", "e_mail", "email_address"),
    "active": ("is_active", "enabled"),
    "type": ("event", "event_type", "kind"),
    "occurred_at": ("at", "date", "time", "timestamp", "created_at"),
    "event_id": ("id",),
    "rating_id": ("id", "survey_id"),
    "rating": ("score", "csat", "stars", "satisfaction"),
    "comment": ("feedback", "text", "remark"),
    "asked_at": ("asked", "sent_at", "requested_at"),
    "answered_at": ("answered", "rated_at", "responded_at"),
    "flow_run_id": ("id", "run_id", "execution_id"),
    "flow_id": ("flow", "bot_id"),
    "is_test": ("test",),
}
"""What other systems call a column, by column: in the spelling of :func:`plain`."""

ENTITY_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "conversations": (
        *("tickets", "chats", "threads", "cases", "sessions"),
        *("dossiers", "conversaciones", "casos", "conversas", "chamados", "atendimentos"),
    ),
    "messages": (
        *("comments", "replies", "chat_messages", "texts"),
        *("commentaires", "reponses", "mensajes", "comentarios", "respuestas", "mensagens", "respostas"),
    ),
    "contacts": (
        *("customers", "requesters", "clients", "leads", "end_users", "people"),
        *("demandeurs", "contactos", "clientes", "solicitantes", "contatos"),
    ),
    "agents": (
        *("staff", "operators", "teammates", "admins", "users"),
        *("conseillers", "operateurs", "agentes", "operadores", "atendentes"),
    ),
    "events": ("activities", "audits", "history", "evenements", "eventos"),
    "ratings": (
        *("csat", "surveys", "feedback", "satisfaction"),
        *("evaluations", "enquetes", "calificaciones", "encuestas", "avaliacoes", "pesquisas"),
    ),
    "flow_runs": ("flows", "executions", "flux", "flujos", "fluxos"),
}
"""What other systems call the records of an entity: in English, French, Spanish and Portuguese."""


def columns_of(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The names of a file's columns; of NDJSON, of its first records. What cannot be read has none."""
    with suppress(Exception):  # parsing it says what is wrong with it
        if ".parquet" in path.name.lower():
            return list(parquet_types(connection, path))
        with open_text(path, errors="replace") as file:
            lines = io.StringIO(file.read(_CHARACTERS), newline="")
            if ".csv" in path.name.lower():
                return next(csv.reader(lines), [])
            named: dict[str, None] = {}
            for line in islice(lines, _LOOKED_AT):
                with suppress(ValueError):
                    record = json.loads(line)
                    named |= dict.fromkeys(record) if isinstance(record, dict) else {}
            return list(named)
    return []


def unread_columns(connection: duckdb.DuckDBPyConnection, path: Path, entity: Entity) -> list[str]:
    """Of each column of a file that is not read and likely means one that is missing, a line that says so."""
    return [
        f"the column '{name}' of {entity.name} is not read, and '{meant}' is missing: rename it if it holds that"
        for name, meant in near_names(columns_of(connection, path), entity)
    ]


def near_names(names: Sequence[str], entity: Entity) -> list[tuple[str, str]]:
    """Names that the entity does not have, each with the column that is likely meant and missing."""
    missing = [column.name for column in entity.columns if column.name not in names]
    unread = [name for name in names if name not in {column.name for column in entity.columns}]
    found = []
    for name in unread:
        meant = likely_column(name, missing)
        if meant is not None:
            missing.remove(meant)
            found.append((name, meant))
    return found


def likely_column(name: str, columns: Sequence[str]) -> str | None:
    """The column that a name of another system likely means; None where it is near none."""
    spelled = plain(name)
    if spelled in columns:
        return spelled
    synonymous = [column for column in columns if spelled in SYNONYMS.get(column, ())]
    return next(iter(synonymous or difflib.get_close_matches(spelled, columns, 1, _NEAR)), None)


def plain(name: str) -> str:
    """A name in small ASCII letters, digits and ``_``: ``Début``, ``ticketId`` and ``Created at`` are spelled alike."""
    ascii_letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", ascii_letters)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def likely_entity(file_name: str) -> str | None:
    """The entity that the name of a file of another system likely means; None where it is near none."""
    return next(iter(likely_entities(file_name)), None)


def likely_entities(file_name: str) -> list[str]:
    """The entities that the words of a file's name likely mean, in their order."""
    return [
        entity
        for word in plain(file_name.partition(".")[0]).split("_")
        for entity, synonyms in ENTITY_SYNONYMS.items()
        if difflib.get_close_matches(word, (entity, *synonyms), 1, _NEAR)
    ]
