"""Les textes français : every text of the pages in French.

Here: the same keys as in ``en``. Not here: the definitions of figures (``definitions_fr``).
"""

TEXTS = {
    # language
    "language.label": "Langue",
    "language.en": "English",
    "language.fr": "Français",
    # page
    "page.overview": "Vue d'ensemble",
    "page.by-agent": "Par agent",
    "page.by-tag": "Par étiquette",
    "page.details": "Détails",
    # filter
    "filter.account": "Compte",
    "filter.period": "Période",
    "filter.grain": "Graphiques par",
    "filter.more": "Autres filtres",
    "filter.agents": "Agents",
    "filter.agents.help": "Conversations attribuées à l'un de ces agents. Ce que d'autres y ont fait reste compté.",
    "filter.conversation_tags": "Étiquettes de conversation",
    "filter.conversation_tags.help": "Conversations qui ont l'une de ces étiquettes.",
    "filter.contact_tags": "Étiquettes de contact",
    "filter.contact_tags.help": "Conversations de contacts qui ont l'une de ces étiquettes.",
    "filter.none": "Aucun choix",
    "filter.clear": "Effacer les filtres",
    "filter.active": "Filtres actifs",
    "filter.apply": "Afficher",
    "filter.all_accounts": "Tous les comptes ensemble",
    "filter.from": "Du",
    "filter.to": "Au",
    "filter.narrow": "Chercher dans cette liste",
    "filter.remove": "Retirer le filtre {name} : {value}",
    "filter.sources": "Ouverte par",
    "filter.sources.help": "Qui a ouvert la conversation.",
    "filter.source_systems": "Système source",
    "filter.source_systems.help": "Le système d'où vient la conversation.",
    "filter.statuses": "Statut",
    "filter.statuses.help": "Le statut actuel de la conversation.",
    "filter.teams": "Équipe",
    "filter.teams.help": "L'équipe chargée de la conversation.",
    "filter.channels": "Canal",
    "filter.channels.help": "Le numéro ou la boîte par où la conversation est arrivée.",
    "filter.working_hours": "Début",
    "filter.answered": "Réponse d'un agent",
    "filter.rated": "Notée par le client",
    # grain
    "grain.auto": "Automatique ({grain})",
    "grain.day": "Jour",
    "grain.week": "Semaine",
    "grain.month": "Mois",
    "grain.quarter": "Trimestre",
    # period
    "period.today": "Aujourd'hui, jusqu'aux données",
    "period.last-7-days": "7 derniers jours",
    "period.last-30-days": "30 derniers jours",
    "period.last-90-days": "90 derniers jours",
    "period.this-week": "Cette semaine",
    "period.last-week": "Semaine dernière",
    "period.this-month": "Ce mois-ci",
    "period.last-month": "Mois dernier",
    "period.this-quarter": "Ce trimestre",
    "period.last-quarter": "Trimestre dernier",
    "period.this-year": "Cette année",
    "period.last-year": "Année dernière",
    "period.all": "Toutes les données",
    "period.custom": "Personnalisée",
    "period.note": "Les périodes remontent à partir du dernier jour que les données couvrent, le {day}.",
    # badge
    "badge.title": "À propos de ces données",
    "badge.label": "Chiffres jusqu'au {instant}",
    "badge.label.unknown": "On ne sait pas encore jusqu'où vont les chiffres",
    "badge.data_through": "Données jusqu'au",
    "badge.data_through.meaning": (
        "Tout ce qui s'est passé avant est dans les chiffres. Heure locale du compte ({timezone})."
    ),
    "badge.data_through.unknown": "Une source de ce compte n'a encore rien livré.",
    "badge.release": "Version",
    "badge.release.meaning": "Publiée le {instant} (UTC). Tous les chiffres de cette page viennent de ce seul fichier.",
    "badge.verdict": "Verdict",
    "badge.verdict.good": "{evaluated} attentes, toutes remplies",
    "badge.verdict.warned": "{evaluated} attentes, {warned} non remplies (avertissements)",
    "badge.verdict.meaning": (
        "Les données sont contrôlées avant d'être publiées. Si une règle est enfreinte, rien n'est publié ;"
        " ce qui suit est bon à savoir et ne fausse aucun chiffre."
    ),
    "badge.quarantine": "Quarantaine",
    "badge.quarantine.none": "Aucune ligne ouverte",
    "badge.quarantine.some": "{count} lignes ouvertes",
    "badge.quarantine.meaning": (
        "Lignes mal formées, tenues à l'écart, qu'aucune livraison suivante n'a corrigées. `causerie"
        " quarantine` les énumère."
    ),
    "badge.short.good": "Vérifié",
    "badge.short.warned.one": "{count} avertissement",
    "badge.short.warned.many": "{count} avertissements",
    # release
    "release.newer": "De nouveaux chiffres sont disponibles.",
    "release.newer.show": "Les afficher",
    "release.gone": "Les chiffres ont été renouvelés.",
    # state
    "state.nothing_published": "Rien n'est encore publié",
    "state.nothing_published.todo": (
        "Ces pages montrent la dernière version publiée, et il n'y en a pas. Lancez `causerie run` avec votre"
        " configuration ; la page apparaît d'elle-même dès la publication."
    ),
    "state.unreadable": "La version ne peut pas être affichée",
    "state.unreadable.older": (
        "Elle a été publiée par un logiciel plus ancien, et il lui manque des filtres. Lancez `causerie run"
        " --full-refresh` pour publier à nouveau ; la page apparaît d'elle-même."
    ),
    "state.unreadable.other": (
        "Son fichier est illisible. Lancez `causerie run` pour publier à nouveau, ou consultez le journal du serveur."
    ),
    "state.failed": "Cette page n'a pas pu être affichée",
    "state.failed.todo": (
        "La query a échoué ; le journal du serveur dit pourquoi. Rechargez la page ou effacez les filtres."
    ),
    "state.no_accounts": "Il n'y a pas encore de compte",
    "state.no_data": "Ce compte n'a pas encore de conversations",
    "state.no_data.todo": "Dès qu'une de ses sources en livre, elles apparaissent ici.",
    "state.outside": "Aucune donnée dans cette période",
    "state.outside.todo": "Les données du compte vont du {first} au {last}. Choisissez une autre période.",
    "state.nothing_matches": "Rien ne correspond à ces filtres",
    "state.nothing_matches.todo": (
        "Aucune conversation ni aucun message de cette période ne les remplit tous. Retirez-en un, ou effacez-les."
    ),
    "state.no_schedule": (
        "Aucune heure ouvrée n'est configurée pour cette période : les chiffres en heures ouvrées n'ont pas de valeur."
    ),
    "state.bad_address": "L'adresse de cette page contient des valeurs inutilisables. Elles ont été écartées :",
    "state.no_account_seen": "Aucun compte ne vous est ouvert",
    "state.no_account_seen.todo": (
        "Ces pages montrent les comptes auxquels votre connexion donne droit, et elle n'en désigne aucun ici."
        " Adressez-vous à l'administrateur de causerie."
    ),
    "state.no_accounts.todo": (
        "La version publiée n'a aucun compte. Nommez-en un dans la configuration et lancez `causerie run`."
    ),
    # compare
    "compare.was": "avant : {value}",
    "compare.year": "un an avant : {value}",
    "compare.year.change": "un an avant : {value} ({change})",
    "compare.note": "Comparé à : {before}.",
    "compare.none": "Il n'y a pas de données avant le {first} auxquelles comparer cette période.",
    "compare.incomplete": "Les données ne vont pas jusqu'à la fin de cette période : aucune évolution n'est indiquée.",
    "compare.no_value": "pas de valeur avant",
    "compare.none_short": "pas de période avant",
    # section
    # the first four are headings of Superset's dashboard (reports/superset)
    "section.volume": "Volume",
    "section.speed": "Rapidité",
    "section.satisfaction": "Satisfaction",
    "section.tables": "Tableaux récapitulatifs",
    "section.over_time": "Au fil du temps",
    "section.sources": "Qui a ouvert les conversations",
    "section.ratings": "Notes",
    "section.traffic": "Quand les clients écrivent",
    "section.ranking": "Classement",
    "section.table": "Tous les chiffres",
    "section.conversations": "Conversations",
    "section.headlines": "En un coup d'œil",
    "section.apart": "Chaque compte",
    "section.opened": "Conversations, selon qui les a ouvertes",
    "section.rows": "Tous les chiffres par période",
    # chart
    "chart.measure": "Chiffre",
    "chart.as_table": "En tableau",
    "chart.period": "Période",
    "chart.incomplete": "incomplète",
    "chart.incomplete.note": "Plus clair : les données ne vont pas jusqu'à la fin de cette période.",
    "chart.alt.traffic": (
        "Carte de chaleur : {measure} par jour de la semaine et heure, {days}. Maximum : {weekday}, {hour}, {highest}."
    ),
    "chart.no_value": "Pas de valeur dans cette période.",
    "chart.unit.s": "secondes",
    "chart.unit.min": "minutes",
    "chart.unit.h": "heures",
    "chart.unit.d": "jours",
    "chart.before": "période précédente",
    "chart.behind": "Cliquez sur une barre ou un point pour voir ses conversations.",
    "chart.alt": (
        "{measure} au fil du temps, {days}. Maximum {highest}, minimum {lowest}. Les mêmes chiffres en"
        " tableau ci-dessous."
    ),
    "chart.best": "Les meilleurs d'abord.",
    "chart.most": "Par ordre décroissant.",
    "chart.most_of": "Au fil du temps : les {count} qui ont le plus de conversations",
    "chart.name": "Nom",
    "chart.count": "n",
    "chart.change": "Évolution",
    "chart.share": "Part",
    "chart.more": "{count} autres figurent dans le tableau.",
    # sources
    "sources.inbox": "Un agent",
    "sources.flow": "Un flux automatisé",
    "sources.inbound": "Le client",
    "sources.other": "Autre",
    # ratings
    "ratings.none": "Aucune conversation de cette période n'a de note.",
    "ratings.other_scale": (
        "La répartition n'est tenue que pour les échelles de 1 à 5 ; ici, les notes vont de {worst} à {best}."
    ),
    # traffic
    "traffic.weekday": "Jour",
    "traffic.hour": "Heure",
    "traffic.clock": "Heure locale du compte.",
    # table
    "table.shown": "{shown} affichés sur {all} ; le tableau et son CSV les contiennent tous.",
    "table.unassigned": "(non attribuée)",
    "table.unnamed": "{id} (sans nom)",
    "table.untagged": "(sans étiquette)",
    "table.overlap": "Les parts se recouvrent : une conversation compte dans chacune de ses étiquettes.",
    "table.csv": "CSV",
    "table.xlsx": "Excel",
    "table.download": "Télécharger : {table}",
    "table.account": "Compte",
    # definition
    "definition.share_of_agent": (
        "Conversations attribuées à l'agent, en proportion de toutes les conversations de la période."
    ),
    "definition.name": "Le nom.",
    # details
    "details.search": "Rechercher",
    "details.search.help": (
        "Tous les mots doivent s'y trouver : dans la clé, le contact, le téléphone, l'agent, les étiquettes,"
        " le canal, l'équipe ou le commentaire."
    ),
    "details.search.placeholder": "Nom, numéro, étiquette…",
    "details.page": "Page (sur {pages})",
    "details.previous": "Page précédente",
    "details.next": "Page suivante",
    "details.count.one": "{count} conversation",
    "details.count.many": "{count} conversations",
    "details.rows": "lignes {first} à {last}",
    "details.before": "{days} : {count} ({change}).",
    "details.open": "Conversation",
    "details.close": "Retour à la liste",
    "details.unknown": "Cette version n'a pas de conversation {key}.",
    "details.none_found": "Aucune conversation ne correspond.",
    "details.timeline": "Chronologie",
    "details.facts": "Informations",
    "details.clock": "Heure locale du compte ({timezone}).",
    "details.after": "{wait} plus tard",
    "details.same_time": "au même moment",
    "details.observed": "Les instants de cette conversation ne sont connus qu'à l'intervalle d'interrogation près.",
    "details.submit": "Rechercher",
    "details.narrowed": "Seulement celles-ci",
    "details.narrowed.responder": "Première réponse donnée par {agent}",
    "details.narrowed.hour": "Commencées le {weekday}, {hours}",
    "details.narrowed.weekday": "Commencées le {weekday}",
    "details.source_url": "Ouvrir dans son système",
    "details.pages": "Autres lignes",
    "details.first": "Première page",
    "details.last": "Dernière page",
    "details.page_of": "Page {page} sur {pages}",
    # event
    "event.started_at": "Début",
    "event.first_inbound_at": "Premier message du client",
    "event.first_response_at": "Première réponse",
    "event.closed_at": "Clôture",
    "event.last_message_at": "Dernier message",
    "event.rated_at": "Note",
    # statuses
    "statuses.new": "Nouvelle",
    "statuses.in_flow": "Dans un flux",
    "statuses.in_progress": "En cours",
    "statuses.closed": "Close",
    "statuses.other": "Autre",
    # named
    "named": "{name} : {value}",
    # yes
    "yes": "Oui",
    # no
    "no": "Non",
    # column
    "column.period": "Période",
    "column.agent_name": "Agent",
    "column.source_system": "Système source",
    "column.tag": "Étiquette",
    "column.share_of_conversations": "Part des conversations",
    "column.conversations": "Conversations",
    "column.conversations_inbox": "Ouvertes par un agent",
    "column.conversations_flow": "Ouvertes par un flux",
    "column.conversations_inbound": "Ouvertes par le client",
    "column.conversations_other": "Ouvertes autrement",
    "column.distinct_contacts": "Contacts",
    "column.messages": "Messages",
    "column.messages_inbound": "Messages reçus",
    "column.messages_outbound": "Messages envoyés",
    "column.messages_human": "Réponses humaines",
    "column.messages_failed": "Messages en échec",
    "column.conversations_answered": "Répondues",
    "column.conversations_unanswered": "Sans réponse",
    "column.conversations_closed": "Closes",
    "column.reopens": "Réouvertures",
    "column.avg_first_response_seconds": "Première réponse, moyenne",
    "column.median_first_response_seconds": "Première réponse, médiane",
    "column.p90_first_response_seconds": "Première réponse, 90e centile",
    "column.avg_first_response_business_seconds": "Première réponse en heures ouvrées, moyenne",
    "column.median_first_response_business_seconds": "Première réponse en heures ouvrées, médiane",
    "column.p90_first_response_business_seconds": "Première réponse en heures ouvrées, 90e centile",
    "column.avg_duration_seconds": "Durée, moyenne",
    "column.median_duration_seconds": "Durée, médiane",
    "column.p90_duration_seconds": "Durée, 90e centile",
    "column.avg_duration_business_seconds": "Durée en heures ouvrées, moyenne",
    "column.median_duration_business_seconds": "Durée en heures ouvrées, médiane",
    "column.p90_duration_business_seconds": "Durée en heures ouvrées, 90e centile",
    "column.replies": "Réponses",
    "column.avg_reply_seconds": "Délai de réponse, moyenne",
    "column.surveys": "Enquêtes",
    "column.ratings": "Notes",
    "column.avg_rating": "Note moyenne",
    "column.rating_1": "Note 1",
    "column.rating_2": "Note 2",
    "column.rating_3": "Note 3",
    "column.rating_4": "Note 4",
    "column.rating_5": "Note 5",
    "column.ratings_satisfied": "Satisfaits",
    "column.csat_percent": "CSAT",
    "column.survey_response_percent": "Taux de réponse à l'enquête",
    "column.conversation_id": "Conversation",
    "column.contact_name": "Contact",
    "column.contact_phone": "Téléphone",
    "column.channel": "Canal",
    "column.team": "Équipe",
    "column.status": "Statut",
    "column.source": "Ouverte par",
    "column.conversation_tags": "Étiquettes",
    "column.contact_tags": "Étiquettes du contact",
    "column.started_at": "Début",
    "column.started_in_working_hours": "En heures ouvrées",
    "column.first_response_seconds": "Délai de première réponse",
    "column.first_response_business_seconds": "Première réponse en heures ouvrées",
    "column.duration_seconds": "Durée",
    "column.duration_business_seconds": "Durée en heures ouvrées",
    "column.closed_at": "Clôture",
    "column.last_message_at": "Dernier message",
    "column.is_answered": "Répondue",
    "column.is_surveyed": "Enquête envoyée",
    "column.rating": "Note",
    "column.rating_comment": "Commentaire",
    "column.conversations_reopened": "Rouvertes",
    "column.name": "Nom",
    "column.account_id": "Compte",
    # skip
    "skip": "Aller aux chiffres",
    # updated
    "updated": "La page affiche le nouveau choix.",
    # navigation
    "navigation": "Pages",
    # filters
    "filters": "Filtres",
    # working_hours
    "working_hours.all": "À toute heure",
    "working_hours.inside": "Pendant les heures ouvrées",
    "working_hours.outside": "Hors heures ouvrées",
    # answered
    "answered.all": "Avec ou sans",
    "answered.yes": "Avec réponse",
    "answered.no": "Sans réponse",
    # rated
    "rated.all": "Notées ou non",
    "rated.yes": "Notées",
    "rated.no": "Non notées",
    # teams
    "teams.(no team)": "(sans équipe)",
    # channels
    "channels.(no channel)": "(sans canal)",
    # conversation_tags
    "conversation_tags.(untagged)": "(sans étiquette)",
    # agents
    "agents.(unassigned)": "(non attribuée)",
    # clock
    "clock": "Temps compté",
    "clock.auto": "Selon les horaires du compte",
    "clock.working": "Heures ouvrées",
    "clock.all": "24 h sur 24",
    "clock.note.working": (
        "Première réponse et durée ne comptent que les heures ouvrées, le délai de réponse toutes les heures."
    ),
    "clock.note.all": "Les délais comptent aussi les nuits et les week-ends.",
    # statistic
    "statistic": "Statistique",
    "statistic.median": "Médiane",
    "statistic.avg": "Moyenne",
    "statistic.p90": "90e centile",
    # whom
    "whom.note": (
        "Tous les comptes ensemble : les volumes s'additionnent, les délais sont des moyennes. La médiane ou"
        " la note moyenne de plusieurs comptes n'aurait pas de sens ; le tableau ci-dessous détaille chaque"
        " compte."
    ),
    # warning
    "warning.hours_late": (
        "Des données sont en retard : une source n'a rien livré depuis plus longtemps que prévu. Les derniers"
        " jours peuvent manquer."
    ),
    "warning.quarantined_share": (
        "Une source a livré plus d'enregistrements mal formés que d'habitude. Ils sont écartés des chiffres"
        " jusqu'à leur prochaine livraison."
    ),
    "warning.orphans": (
        "Des messages, des événements ou des notes sont arrivés sans leur conversation. Ils compteront dès"
        " qu'elle arrivera."
    ),
    "warning.hours_old": (
        "Une source annonce des données venues du futur : son horloge est fausse, ses derniers jours peut-être aussi."
    ),
    "warning.restated_share": (
        "Une source a modifié plus que d'habitude ce qu'elle avait livré. Des chiffres passés peuvent bouger."
    ),
    "warning.rows": "Un rapport est entièrement vide.",
    "warning.other": "Un autre point mérite attention : parlez de « {suite} » à l'administrateur de causerie.",
    "warning.detail": "Dans les termes du contrôle",
    # count
    "count.distinct_contacts.one": "{count} contact",
    "count.distinct_contacts.many": "{count} contacts",
    "count.conversations.one": "sur {count} conversation",
    "count.conversations.many": "sur {count} conversations",
    "count.first_response_count.one": "sur {count} conversation",
    "count.first_response_count.many": "sur {count} conversations",
    "count.first_response_business_count.one": "sur {count} conversation",
    "count.first_response_business_count.many": "sur {count} conversations",
    "count.duration_count.one": "sur {count} conversation",
    "count.duration_count.many": "sur {count} conversations",
    "count.duration_business_count.one": "sur {count} conversation",
    "count.duration_business_count.many": "sur {count} conversations",
    "count.replies.one": "sur {count} réponse",
    "count.replies.many": "sur {count} réponses",
    "count.ratings.one": "sur {count} note",
    "count.ratings.many": "sur {count} notes",
    # judged
    "judged.better": "en mieux",
    "judged.worse": "en moins bien",
    # help
    "help": "Que veut dire « {name} » ?",
    # see
    "see": "Voir les conversations derrière : {name}",
    # groups
    "groups.by-agent": "Agent",
    "groups.by-tag": "Étiquette",
    "groups.by-agent.note": (
        "Une conversation compte pour l'agent à qui elle est attribuée ; première réponse et réponses, pour"
        " l'agent qui les a données."
    ),
    "groups.by-tag.note": "Les parts se recouvrent : une conversation compte dans chacune de ses étiquettes.",
    # only
    "only.closed": "closes",
    "only.answered": "avec la réponse d'un agent",
    "only.unanswered": "sans réponse",
    "only.reopened": "rouvertes",
    "only.responded": "avec une première réponse",
    "only.responded_in_hours": "avec une première réponse, mesurée en heures ouvrées",
    "only.replied": "avec une réponse",
    "only.ended": "qui ont une durée",
    "only.ended_in_hours": "qui ont une durée en heures ouvrées",
    "only.surveyed": "dont le client a été invité à donner une note",
    "only.rated": "notées",
    "only.satisfied": "dont le client est satisfait",
    "only.failed": "avec un message en échec",
    "only.inbox": "ouvertes par un agent",
    "only.flow": "ouvertes par un flux",
    "only.inbound": "ouvertes par le client",
    "only.other": "ouvertes autrement",
    "only.rating_1": "notées 1",
    "only.rating_2": "notées 2",
    "only.rating_3": "notées 3",
    "only.rating_4": "notées 4",
    "only.rating_5": "notées 5",
}
