"""The two made-up businesses of the demo: people, words, opening hours and the configuration that names them.

Here belongs what a reader of the reports sees as text and what the owner of an account would configure.
How a conversation goes is in ``history``, how it is delivered in ``batches``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

END_DAY = date(2026, 11, 1)
"""The first local day after the covered range: fixed, so that the data never depends on today's date."""

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORK_DAYS = _WEEK[:5]


@dataclass(frozen=True)
class HoursBlock:
    """One block of working hours, as the configuration writes it."""

    valid_from: date | None
    days: tuple[str, ...]
    spans: tuple[str, ...]


@dataclass(frozen=True)
class Holiday:
    """A day that replaces the week's hours; without spans it is closed."""

    day: date
    spans: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """Within how long an account wants to respond, reply or resolve, for some teams or, without any, for all."""

    name: str
    measure: str
    within: str
    counted_in: str = "working_hours"
    teams: tuple[str, ...] = ()


@dataclass(frozen=True)
class Business:
    """One account, its one source, and the habits of its customers."""

    account: str
    source: str
    title: str
    timezone: str
    week_start: str
    batch_hour_utc: int
    share: float
    # How this system writes its export.
    ids_as_text: bool
    offset_minutes: int
    milliseconds: bool
    separator: str
    inbound_has_updated_at: bool
    # Words.
    teams: tuple[str, ...]
    channels: tuple[str, ...]
    conversation_tags: tuple[str, ...]
    complaint_tags: frozenset[str]
    contact_tags: tuple[str, ...]
    flows: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    mail_domain: str
    contact_mail_domain: str
    phone_prefixes: tuple[str, ...]
    phone_digits: int
    status_words: tuple[tuple[str | None, ...], ...]
    good_comments: tuple[str, ...]
    bad_comments: tuple[str, ...]
    # Demand: weights by local hour (working day, weekend), by week day, by month.
    hours_work_day: tuple[float, ...]
    hours_weekend: tuple[float, ...]
    weekday_weights: tuple[float, ...]
    month_weights: tuple[float, ...]
    yearly_growth: float
    targets: tuple[Target, ...]

    def working_hours(self, first_day: date) -> tuple[HoursBlock, ...]:
        """The schedule history for a range that begins on ``first_day``."""
        if self.account == "boulangerie":
            change = _change_day(first_day)
            return (
                HoursBlock(None, _WORK_DAYS, ("09:00-12:00", "14:00-17:30")),
                HoursBlock(change, _WORK_DAYS, ("09:00-12:00", "14:00-18:00")),
                HoursBlock(change, ("sat",), ("10:00-13:00",)),
            )
        return (HoursBlock(None, _WORK_DAYS, ("08:00-20:00",)),)

    def holidays(self, first_day: date) -> tuple[Holiday, ...]:
        """Public holidays and special days from ``first_day`` to the end of the year of the range's end."""
        found: list[Holiday] = []
        for year in range(first_day.year, END_DAY.year + 1):
            found += _french_holidays(year) if self.account == "boulangerie" else _brazilian_holidays(year)
        if self.account == "boulangerie":
            # Stock-taking: a special day near the end, so that even a short range has one with other hours.
            found.append(Holiday(date(2026, 10, 30), ("09:00-12:00",)))
        return tuple(sorted((h for h in found if h.day >= first_day), key=lambda holiday: holiday.day))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _change_day(first_day: date) -> date:
    """The day the longer hours came: about the middle of the range, on the first of a month where that fits."""
    middle = END_DAY - timedelta(days=(END_DAY - first_day).days // 2)
    first_of_month = middle.replace(day=1)
    return first_of_month if first_of_month > first_day else middle


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm)."""
    golden, century, rest = year % 19, year // 100, year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def _french_holidays(year: int) -> list[Holiday]:
    sunday = easter(year)
    fixed = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]
    days = [date(year, month, day) for month, day in fixed]
    days += [sunday + timedelta(days=after) for after in (1, 39, 50)]
    # A set: Ascension falls on 1 or 8 May now and then.
    return [Holiday(day) for day in sorted(set(days))] + [Holiday(date(year, 12, 24), ("09:00-12:00",))]


def _brazilian_holidays(year: int) -> list[Holiday]:
    sunday = easter(year)
    fixed = [(1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25)]
    days = [date(year, month, day) for month, day in fixed]
    days += [sunday + timedelta(days=after) for after in (-48, -47, -2, 60)]
    half_days = [
        Holiday(sunday - timedelta(days=46), ("14:00-20:00",)),
        Holiday(date(year, 12, 24), ("08:00-14:00",)),
        Holiday(date(year, 12, 31), ("08:00-14:00",)),
    ]
    return [Holiday(day) for day in sorted(set(days))] + half_days


BOULANGERIE = Business(
    account="boulangerie",
    source="boulangerie_export",
    title="Maison Levain, a chain of bakeries around Paris",
    timezone="Europe/Paris",
    week_start="monday",
    batch_hour_utc=2,
    share=0.55,
    ids_as_text=False,
    offset_minutes=0,
    milliseconds=False,
    separator="T",
    inbound_has_updated_at=True,
    teams=("Boutiques", "Commandes", "Livraison", "Traiteur"),
    channels=("WhatsApp Boutiques", "WhatsApp Commandes", "WhatsApp Pro"),
    conversation_tags=(
        "commande",
        "livraison",
        "horaires",
        "click & collect",
        "gâteau sur mesure",
        "réclamation",
        "facture",
        "allergènes",
        "devis traiteur",
        "annulation",
        "carte de fidélité",
        "galette des rois",
        "retard",
        "partenariat",
        "recrutement",
        "objet trouvé",
    ),
    complaint_tags=frozenset({"réclamation", "retard", "annulation"}),
    contact_tags=(
        "client fidèle",
        "nouveau client",
        "newsletter",
        "professionnel",
        "traiteur",
        "VIP",
        "sans gluten",
        "quartier Bastille",
        "quartier Montreuil",
        "école",
        "à rappeler",
        "vip",
    ),
    flows=("Rappel", "Bienvenue", "Commande en ligne", "Horaires et adresses"),
    first_names=_words(
        "Camille Léa Manon Chloé Emma Jade Louise Inès Sarah Julie Marie Sophie Nathalie Isabelle Claire Aurélie "
        "Céline Émilie Hélène Zoé Anaïs Pauline Margaux Élodie Fatima Aïcha Amina Yasmine Mariam Linh Thomas Lucas "
        "Hugo Louis Gabriel Arthur Jules Nathan Antoine Nicolas Julien Pierre François Jean-Luc Mathieu Guillaume "
        "Sébastien Jérôme Benoît Rémi Théo Mehdi Karim Youssef Mamadou Ibrahim Rachid Olivier Philippe Étienne"
    ),
    last_names=_words(
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefèvre Michel Garcia "
        "David Bertrand Roux Vincent Fournier Morel Girard André Mercier Dupont Lambert Bonnet François Martinez "
        "Legrand Garnier Faure Rousseau Blanc Guérin Muller Henry Roussel Nicolas Perrin Morin Mathieu Clément "
        "Gauthier Dumont Lopez Fontaine Chevalier Robin Masson Sanchez Gérard Nguyen Boyer Denis Lemaire Duval "
        "Joly Gautier Roger Roche Roy Noël Meyer Lucas Meunier Jean Pérez Marchand Dufour Blanchard Marie Barbier "
        "Brun Dumas Brunet Schmitt Leroux Colas Fernandez Traoré Diallo Benali Haddad Da-Silva Le-Goff"
    ),
    mail_domain="maison-levain.example",
    contact_mail_domain="example.org",
    # 0700 is kept for machines with longer numbers: nobody's telephone has such a number of ten digits.
    phone_prefixes=("33700",),
    phone_digits=6,
    status_words=(
        ("NEW", "CREATED", "New", "created", " NEW"),
        ("FLOW", "FLOW_PAUSED", "Flow", "flow_paused", "IN_FLOW"),
        ("IN_PROGRESS", "In_Progress", "in_progress", "OPEN", " IN_PROGRESS "),
        ("CLOSED", "Closed", "closed", "RESOLVED", "CLOSED "),
        ("PENDING", "SNOOZED", "SPAM", None, "ARCHIVED"),
    ),
    good_comments=(
        "Très bon accueil, merci !",
        "Réponse rapide et claire.",
        "Parfait, commande prête à l'heure.",
        "Merci à Camille pour sa patience",
        "Super service 👍",
        "Comme toujours, impeccable.",
        "Le gâteau était magnifique, merci beaucoup",
        "Rien à redire",
        'Efficace, "sans chichis"',
        "Bien, mais la livraison est un peu chère ; sinon parfait",
    ),
    bad_comments=(
        "J'ai attendu toute la matinée pour une réponse...",
        "Commande incomplète, toujours pas remboursée",
        "Trop de messages automatiques, impossible d'avoir quelqu'un",
        "Pain livré froid, et en retard",
        "Personne ne répond le samedi après-midi",
        "Deux baguettes manquantes,\npas d'excuses",
        "Déçu",
    ),
    hours_work_day=(
        *(0.25, 0.12, 0.08, 0.08, 0.15, 0.5, 1.6, 3.4, 5.2, 6.6, 7.2, 7.6),
        *(7.0, 5.6, 5.4, 5.6, 6.2, 7.2, 7.8, 6.6, 4.6, 3.0, 1.7, 0.7),
    ),
    hours_weekend=(
        *(0.5, 0.25, 0.12, 0.08, 0.1, 0.3, 0.9, 2.4, 4.6, 7.2, 8.6, 8.8),
        *(7.4, 5.6, 4.8, 4.8, 5.2, 6.0, 6.2, 5.2, 3.8, 2.6, 1.7, 0.9),
    ),
    weekday_weights=(1.06, 0.98, 1.0, 1.04, 1.2, 1.1, 0.55),
    month_weights=(1.1, 0.95, 1.0, 1.06, 1.04, 1.0, 0.86, 0.66, 1.02, 1.04, 1.05, 1.4),
    yearly_growth=0.16,
    targets=(
        Target("first answer in 30 minutes", "first_response", "30m"),
        Target("orders answered in an hour", "reply", "1h", teams=("Commandes", "Livraison")),
    ),
)

LOJA = Business(
    account="loja",
    source="loja_export",
    title="Loja Jabuticaba, clothes and home ware from São Paulo",
    timezone="America/Sao_Paulo",
    week_start="sunday",
    batch_hour_utc=5,
    share=0.45,
    ids_as_text=True,
    offset_minutes=-180,
    milliseconds=True,
    separator=" ",
    inbound_has_updated_at=False,
    teams=("Vendas", "Suporte", "Pós-venda", "Financeiro"),
    channels=("WhatsApp Vendas", "WhatsApp Suporte"),
    conversation_tags=(
        "pedido",
        "entrega",
        "pix",
        "troca",
        "promoção",
        "estoque",
        "reclamação",
        "nota fiscal",
        "pagamento",
        "devolução",
        "cupom",
        "atacado",
        "garantia",
        "black friday",
        "elogio",
        "atraso",
    ),
    complaint_tags=frozenset({"reclamação", "devolução", "atraso"}),
    contact_tags=(
        "novo cliente",
        "cliente VIP",
        "newsletter",
        "atacado",
        "revendedor",
        "primeira compra",
        "zona sul",
        "zona leste",
        "interior",
        "cashback",
        "inadimplente",
        "Novo cliente",
    ),
    flows=("Lembrete", "Boas-vindas", "Rastrear pedido", "Trocas e devoluções"),
    first_names=_words(
        "Ana Maria Juliana Fernanda Camila Beatriz Larissa Letícia Amanda Gabriela Mariana Patrícia Aline Bruna "
        "Vanessa Adriana Luciana Débora Renata Tatiane Carolina Isabela Rafaela Simone Sônia Lívia Heloísa Cecília "
        "Yara Rosângela João José Antônio Carlos Paulo Pedro Lucas Luiz Marcos Gabriel Rafael Daniel Marcelo Bruno "
        "Eduardo Felipe Rodrigo Gustavo Thiago Leonardo André Fábio Vinícius Caio Diego Otávio Wesley Márcio "
        "Sérgio Fabrício"
    ),
    last_names=_words(
        "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro Martins Carvalho "
        "Almeida Lopes Soares Fernandes Vieira Barbosa Rocha Dias Nascimento Andrade Moreira Nunes Marques Machado "
        "Mendes Freitas Cardoso Ramos Gonçalves Santana Teixeira Araújo Pinto Cavalcanti Moraes Castro Campos Melo "
        "Batista Correia Azevedo Guimarães Conceição Assunção Sato Tanaka Nakamura Rossi Bianchi Brandão Farias "
        "Queiroz Monteiro Siqueira Peixoto Xavier Magalhães Leão Aragão Bezerra Duarte Pacheco Tavares Figueiredo "
        "Coelho Cunha Prado Sampaio Vasconcelos Furtado Borges Camargo Toledo Amaral Viana Assis Bueno"
    ),
    mail_domain="loja-jabuticaba.example",
    contact_mail_domain="example.com",
    # After the area code a mobile number goes on 96 to 99 (or 91 to 95): 90 is nobody's.
    phone_prefixes=("551190", "551190", "551190", "551390", "551990", "552190", "553190", "554190", "557190", "558190"),
    phone_digits=7,
    status_words=(
        ("CREATED", "created", "NEW", "Created", "new "),
        ("IN_FLOW", "in_flow", "FLOW", "FLOW_PAUSED", "In_Flow"),
        ("OPEN", "open", "IN_PROGRESS", "Open", " open"),
        ("RESOLVED", "resolved", "CLOSED", "Resolved", "resolved "),
        ("ON_HOLD", "WAITING", "BLOCKED", None, "EXPIRED"),
    ),
    good_comments=(
        "Atendimento excelente!",
        "Muito rápido, obrigada 😊",
        "Resolveram tudo na hora",
        "Gostei muito, super atenciosos",
        "Ótimo, recomendo",
        "Chegou antes do prazo; nota 10",
        "Equipe muito educada, parabéns",
        "Tudo certo com a troca, valeu",
        "Bom, mas podia ter mais tamanhos",
        'A vendedora foi "nota mil"',
    ),
    bad_comments=(
        "Demoraram demais para responder",
        "Até agora não recebi meu pedido",
        "O robô não entende nada",
        "Cobraram frete duas vezes",
        "Pedi estorno e ninguém resolveu...",
        "Produto errado,\ne sem retorno",
        "Péssimo",
    ),
    hours_work_day=(
        *(0.9, 0.4, 0.2, 0.12, 0.12, 0.2, 0.6, 1.8, 4.2, 6.2, 7.2, 7.2),
        *(6.4, 6.6, 7.0, 7.0, 6.8, 6.6, 6.4, 6.6, 6.4, 5.6, 4.0, 2.0),
    ),
    hours_weekend=(
        *(1.5, 0.8, 0.4, 0.2, 0.15, 0.15, 0.4, 1.0, 2.6, 4.6, 6.0, 6.4),
        *(5.8, 5.4, 5.6, 5.8, 5.8, 6.0, 6.4, 6.8, 6.8, 6.2, 4.8, 2.8),
    ),
    weekday_weights=(1.16, 1.1, 1.04, 1.02, 1.06, 0.74, 0.5),
    month_weights=(0.86, 0.86, 0.96, 0.98, 1.2, 1.04, 0.98, 1.04, 0.98, 1.04, 1.4, 1.3),
    yearly_growth=0.22,
    targets=(Target("solved in a day", "resolution", "1d", "all"),),
)

BUSINESSES = (BOULANGERIE, LOJA)


def configuration(businesses: Sequence[Business], first_day: date) -> str:
    """The text of ``causerie.toml`` for a demo whose range begins on ``first_day``."""
    last_day = END_DAY - timedelta(days=1)
    lines = [
        f"# Made-up WhatsApp conversations of two businesses, {first_day} to {last_day}: nobody in them exists.",
        "# Build and publish the reports:  causerie run --config causerie.toml",
        "# The rows a run quarantines and the few it warns about are part of the demo.",
        'home = "var"',
        "",
        "[privacy]",
        'contact_phone = "masked"',
    ]
    for business in businesses:
        lines += _account_lines(business, first_day)
    for business in businesses:
        lines += [
            "",
            "[[sources]]",
            f'name = "{business.source}"',
            'kind = "export"',
            'known_words = { event_type = ["snoozed"] }  # the figures follow none of these',
            f'account = "{business.account}"',
            f'path = "drop/{business.account}"',
        ]
    return "\n".join(lines) + "\n"


def _account_lines(business: Business, first_day: date) -> list[str]:
    lines = [
        "",
        f"# {business.title}",
        "[[accounts]]",
        f'id = "{business.account}"',
        f'timezone = "{business.timezone}"',
        f'week_start = "{business.week_start}"',
        "rating_scale = [1, 5]",
    ]
    for block in business.working_hours(first_day):
        lines += ["", "[[accounts.working_hours]]"]
        if block.valid_from:
            lines.append(f"valid_from = {block.valid_from}")
        lines += [f"days = [{_quoted(block.days)}]", f"spans = [{_quoted(block.spans)}]"]
    for holiday in business.holidays(first_day):
        lines += ["", "[[accounts.holidays]]", f"date = {holiday.day}", f"spans = [{_quoted(holiday.spans)}]"]
    for target in business.targets:
        lines += ["", "[[accounts.targets]]", f'name = "{target.name}"', f'measure = "{target.measure}"']
        lines += [f'within = "{target.within}"', f'in = "{target.counted_in}"']
        lines += [f"teams = [{_quoted(target.teams)}]"] if target.teams else []
    return lines


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)
