"""Words of headers and of values in English, French, Spanish and Portuguese, and what they mean.

Here: the tables, and the meaning of a header. Not here: which column of the export format a header is
(``guesses``), and likeness of names that are spelled as ours (``parsing.names``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from ingestion.parsing.names import plain

Language = str

_SUBJECTS: Mapping[str, Mapping[Language, str]] = {
    "conversation": {
        "en": "conversation ticket case thread chat session issue incident",
        "fr": "conversation ticket dossier cas discussion incident",
        "es": "conversacion ticket caso hilo incidencia sesion",
        "pt": "conversa ticket caso chamado atendimento sessao protocolo",
    },
    "message": {
        "en": "message comment reply msg messages comments",
        "fr": "message commentaire reponse",
        "es": "mensaje comentario respuesta",
        "pt": "mensagem comentario resposta",
    },
    "contact": {
        "en": "contact customer requester client lead visitor enduser end_user consumer reporter",
        "fr": "contact client demandeur prospect visiteur",
        "es": "contacto cliente solicitante visitante",
        "pt": "contato cliente solicitante visitante requerente",
    },
    "agent": {
        "en": "agent assignee assigned owner operator staff teammate responder representative admin",
        "fr": "agent assigne conseiller responsable operateur proprietaire attribue",
        "es": "agente asignado operador propietario encargado responsable asesor",
        "pt": "agente responsavel atendente operador atribuido proprietario",
    },
    "author": {
        "en": "author sender from user by",
        "fr": "auteur expediteur utilisateur emetteur",
        "es": "autor remitente usuario emisor",
        "pt": "autor remetente usuario emissor",
    },
    "event": {"en": "event activity audit", "fr": "evenement activite", "es": "evento actividad", "pt": "evento"},
    "rating": {
        "en": "rating csat satisfaction score survey stars",
        "fr": "satisfaction evaluation enquete note avis",
        "es": "satisfaccion calificacion valoracion encuesta puntuacion",
        "pt": "satisfacao avaliacao pesquisa nota",
    },
}
_ATTRIBUTES: Mapping[str, Mapping[Language, str]] = {
    "id": {
        "en": "id number no num key uuid ref reference code",
        "fr": "id identifiant numero reference",
        "es": "id identificador numero codigo",
        "pt": "id identificador numero codigo",
    },
    "name": {"en": "name full_name", "fr": "nom", "es": "nombre", "pt": "nome"},
    "email": {
        "en": "email mail e_mail email_address",
        "fr": "email e_mail mail courriel adresse_mail adresse_email",
        "es": "email correo correo_electronico",
        "pt": "email e_mail correio",
    },
    "phone": {
        "en": "phone mobile telephone whatsapp phone_number mobile_number",
        "fr": "telephone tel portable mobile",
        "es": "telefono movil celular",
        "pt": "telefone celular",
    },
    "created": {
        "en": "created creation started opened start open requested",
        "fr": "cree creee creation ouvert ouverture debut",
        "es": "creado creada creacion abierto apertura inicio",
        "pt": "criado criada criacao aberto abertura inicio",
    },
    "closed": {
        "en": "closed solved resolved ended end closing resolution completed",
        "fr": "ferme fermeture resolu cloture clos fin resolution",
        "es": "cerrado cierre resuelto solucionado fin",
        "pt": "fechado fechamento resolvido encerrado encerramento fim",
    },
    "updated": {
        "en": "updated modified changed update modification last_modified last_updated",
        "fr": "modifie modification mis_a_jour mise_a_jour maj actualise",
        "es": "actualizado actualizada actualizacion modificado modificacion",
        "pt": "atualizado atualizada atualizacao modificado",
    },
    "sent": {"en": "sent posted", "fr": "envoye envoi", "es": "enviado envio", "pt": "enviado envio"},
    "answered": {
        "en": "answered responded rated recorded response",
        "fr": "repondu",
        "es": "respondido",
        "pt": "respondido",
    },
    "when": {
        "en": "at date time timestamp on datetime when",
        "fr": "date heure horodatage le",
        "es": "fecha hora el",
        "pt": "data hora em",
    },
    "status": {"en": "status state", "fr": "statut etat", "es": "estado estatus", "pt": "status estado situacao"},
    "tags": {
        "en": "tags tag labels label tag_list",
        "fr": "etiquettes etiquette libelles mots_cles",
        "es": "etiquetas etiqueta",
        "pt": "marcadores marcador etiquetas rotulos",
    },
    "team": {
        "en": "team group department inbox queue",
        "fr": "equipe groupe service",
        "es": "equipo grupo departamento",
        "pt": "equipe grupo departamento setor fila",
    },
    "channel": {"en": "channel via medium", "fr": "canal", "es": "canal", "pt": "canal"},
    "source": {"en": "source origin", "fr": "source origine", "es": "fuente origen", "pt": "fonte origem"},
    "direction": {
        "en": "direction incoming inbound in_out",
        "fr": "direction sens",
        "es": "direccion sentido",
        "pt": "direcao sentido",
    },
    "kind": {"en": "type kind role", "fr": "type role", "es": "tipo rol", "pt": "tipo papel"},
    "private": {
        "en": "private internal is_private is_internal",
        "fr": "prive interne",
        "es": "privado interno",
        "pt": "privado interno",
    },
    "public": {"en": "public is_public", "fr": "publique", "es": "publico", "pt": "publico"},
    "deleted": {"en": "deleted is_deleted", "fr": "supprime", "es": "eliminado", "pt": "excluido"},
    "active": {"en": "active is_active enabled", "fr": "actif", "es": "activo", "pt": "ativo"},
    "text": {
        "en": "text body content description subject title feedback",
        "fr": "texte contenu objet sujet",
        "es": "texto contenido asunto titulo",
        "pt": "texto conteudo assunto titulo",
    },
    "other": {
        "en": "first next due sla count minutes hours hrs seconds days reopened previous wait priority initially"
        " last external organization company duration average handling",
        "fr": "premier premiere prochain echeance priorite delai minutes heures jours duree societe"
        " entreprise derniere",
        "es": "primer primera proximo vencimiento prioridad minutos horas dias duracion empresa ultima",
        "pt": "primeira primeiro proximo vencimento prioridade minutos horas dias duracao empresa ultima",
    },
}
_STOP = "de du des d la le les l the of to a do da dos das del por par para is utc gmt local and et y e"
"""Words of a header that change nothing. ``le`` and ``em`` may also say when."""


def _indexed() -> dict[str, dict[str, set[Language]]]:
    found: dict[str, dict[str, set[Language]]] = {}
    for table in (_SUBJECTS, _ATTRIBUTES):
        for concept, by_language in table.items():
            for language, words in by_language.items():
                for word in words.split():
                    found.setdefault(word, {}).setdefault(concept, set()).add(language)
    return found


_INDEX = _indexed()


@dataclass(frozen=True)
class Meaning:
    """What a header means. ``unknown``: its words that are in no table."""

    subjects: frozenset[str]
    attributes: frozenset[str]
    unknown: tuple[str, ...]
    words: tuple[str, ...]


@cache
def meaning(header: str) -> Meaning:
    """The concepts that the words of a header name. Pairs of words go before single ones."""
    words = [word for word in plain(re.sub(r"[ºª°#]", " no ", header)).split("_") if word]
    concepts: list[str] = []
    unknown = []
    at = 0
    while at < len(words):
        for size in (3, 2, 1):
            word = "_".join(words[at : at + size])
            singular = word.removesuffix("s")
            if found := _INDEX.get(word) or (_INDEX.get(singular) if size == 1 else None):
                concepts += found
                break
        else:
            size = 1
            if words[at] not in _STOP.split() and not words[at].isdigit():
                unknown.append(words[at])
        at += size
    return Meaning(
        frozenset(set(concepts) & _SUBJECTS.keys()),
        frozenset(set(concepts) & _ATTRIBUTES.keys()),
        tuple(unknown),
        tuple(words),
    )


def language_of(headers: Iterable[str]) -> Language:
    """The language in which most words of headers are; English where that is not clear."""
    hits: Counter[Language] = Counter()
    for header in headers:
        for word in plain(header).split("_"):
            known = {language for of in _INDEX.get(word, {}).values() for language in of}
            hits.update(known if len(known) < 3 else ())
    return max(("en", "fr", "es", "pt"), key=lambda language: hits[language])


# --- words of values ------------------------------------------------------------------------------------------------

_MISSING = (
    "- -- — – n/a n.a. #n/a na null none nil nan (none) (null) undefined unassigned vide aucun aucune ninguno ninguna"
    " nenhum nenhuma 0000-00-00"
)
MISSING = frozenset([*_MISSING.split(), "not set", "0000-00-00 00:00:00"])
"""Words that stand for no value."""


def _meant(table: Mapping[str, str]) -> dict[str, str]:
    return {word.replace("_", " "): meant for meant, words in table.items() for word in words.split()}


SENDERS = _meant(
    {
        "agent": "agent staff admin administrator operator teammate support employee human representative rep"
        " conseiller operateur employe asesor operador agente atendente funcionario assignee advisor",
        "contact": "contact customer user client requester enduser end_user lead visitor consumer guest"
        " utilisateur demandeur visiteur cliente usuario solicitante contacto contato visitante",
        "bot": "bot chatbot robot automation assistant virtual_agent ai robo",
        "system": "system systeme sistema",
    }
)
"""Who sends a message."""
USERS = frozenset({"user", "utilisateur", "usuario"})
"""Words for customers that may mean agents elsewhere."""
DIRECTIONS = _meant(
    {
        "inbound": "inbound incoming in received receive recu entrant entrante entrada recibido recebido recebida i",
        "outbound": "outbound outgoing out sent send envoye sortant saliente salida enviado enviada saida o",
    }
)
STATUSES = _meant(
    {
        "new": "new created nouveau nueva nuevo nova novo cree creado criado",
        "in_progress": "open opened pending hold on_hold waiting snoozed ouvert en_attente en_cours abierto"
        " pendiente en_espera en_progreso aberto pendente em_andamento em_espera in_progress in_flow",
        "closed": "closed solved resolved done completed ferme resolu clos cloture cerrado resuelto solucionado fechado"
        " resolvido encerrado concluido",
    }
)
EVENTS = _meant(
    {
        "assigned": "assigned assignment assign assignation asignado atribuido",
        "handoff": "handoff hand_off handover transfer transferred transfere transferido escalated",
        "closed": "closed close solved resolved ferme resolu cerrado resuelto fechado resolvido",
        "reopened": "reopened reopen rouvert reabierto reaberto",
    }
)
ORIGINS = _meant(
    {
        "inbox": "inbox agent manual human",
        "flow": "flow bot workflow chatbot automation journey",
        "auto_response": "auto_response autoresponse auto_reply autoreply automatic auto away",
        "api": "api",
        "broadcast": "broadcast campaign bulk newsletter campagne campana campanha",
    }
)
TRUTHS = _meant(
    {"true": "true yes y t 1 oui vrai si sim verdadero verdadeiro", "false": "false no n f 0 non faux nao falso"}
)
SCORES = {"good": "5", "bad": "1", "good with comment": "5", "bad with comment": "1"}
NO_SCORES = frozenset({"offered", "unoffered", "not offered"})
"""Words that stand for a missing rating."""
