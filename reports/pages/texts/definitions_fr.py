"""What columns mean, in French.

Here: each English definition, as the documentation of the dbt models has it, with its translation. A definition that
changes there is no longer found here: the tests say so.
"""

# ruff: noqa: E501 - a sentence stands on one line, as in the documentation that it is compared with

FRENCH = {
    "The account.": "Le compte.",
    "`day`, `week`, `month` or `quarter`. Each conversation is in a row of every grain: a sum over all rows counts it four times, so filter by one, or read `overview_day` and the other views of one grain.": "`day` (jour), `week` (semaine), `month` (mois) ou `quarter` (trimestre). Chaque conversation figure dans une ligne de chaque type de période : la somme de toutes les lignes la compte quatre fois ; filtrez, ou lisez `overview_day` et les autres vues.",
    "First local date of the period; weeks start on the account's first day of the week.": "Premier jour local de la période ; les semaines commencent au premier jour de la semaine du compte.",
    "The local date after the last one of the period.": "Le jour local qui suit le dernier de la période.",
    "Whether the data reaches to the end of the period.": "Si les données vont jusqu'à la fin de la période.",
    "Conversations started in the period.": "Conversations commencées dans la période.",
    "Of these, opened by an agent with a template.": "Dont ouvertes par un agent avec un modèle.",
    "Of these, opened by an automated flow.": "Dont ouvertes par un flux automatisé.",
    "Of these, opened by the customer.": "Dont ouvertes par le client.",
    "Of these, opened otherwise (API, broadcast, unknown).": "Dont ouvertes autrement (API, diffusion, inconnu).",
    "Different contacts of these conversations, counted for each grain.": "Contacts différents de ces conversations, comptés pour chaque type de période.",
    (
        "Messages sent or received in the period, by their own local date; notes, reactions, activities and"
        " failed ones are none."
    ): (
        "Messages envoyés ou reçus dans la période, à leur propre date locale ; les notes, réactions,"
        " activités et échecs n'en sont pas."
    ),
    "Of these, from customers.": "Dont reçus des clients.",
    "Of these, to customers.": "Dont envoyés aux clients.",
    "Outbound messages that failed, in the period; not among the messages.": "Messages sortants en échec dans la période ; ils ne comptent pas parmi les messages.",
    "Conversations in which a human replied after the customer wrote.": "Conversations où une personne a répondu après un message du client.",
    "Conversations in which the customer wrote and no human replied.": "Conversations où le client a écrit et où personne n'a répondu.",
    "Conversations that are closed.": "Conversations closes.",
    "Times that these conversations were reopened.": "Nombre de fois où ces conversations ont été rouvertes.",
    (
        "Sum of the first response time (from the wait start to the first human reply after the customer"
        " wrote), in seconds; NULL without any."
    ): (
        "Somme des délais de première réponse (de l'attente du client à la première réponse humaine après"
        " son message), en secondes ; NULL sans aucun."
    ),
    (
        "Conversations with a first response time (from the wait start to the first human reply after the"
        " customer wrote)."
    ): (
        "Conversations qui ont un délai de première réponse (de l'attente du client à la première réponse"
        " humaine après son message)."
    ),
    (
        "Average first response time (from the wait start to the first human reply after the customer"
        " wrote): sum divided by count, in seconds."
    ): (
        "Délai moyen de première réponse (de l'attente du client à la première réponse humaine après son"
        " message) : somme divisée par nombre, en secondes."
    ),
    (
        "Median first response time (from the wait start to the first human reply after the customer wrote),"
        " interpolated linearly, in seconds."
    ): (
        "Délai médian de première réponse (de l'attente du client à la première réponse humaine après son"
        " message), interpolé linéairement, en secondes."
    ),
    (
        "90th percentile of the first response time (from the wait start to the first human reply after the"
        " customer wrote), interpolated linearly, in seconds."
    ): (
        "90e centile du délai de première réponse (de l'attente du client à la première réponse humaine"
        " après son message), interpolé linéairement, en secondes."
    ),
    "Sum of the first response time within working hours, in seconds; NULL without any.": "Somme des délais de première réponse en heures ouvrées, en secondes ; NULL sans aucun.",
    "Conversations with a first response time within working hours.": "Conversations qui ont un délai de première réponse en heures ouvrées.",
    "Average first response time within working hours: sum divided by count, in seconds.": "Délai moyen de première réponse en heures ouvrées : somme divisée par nombre, en secondes.",
    "Median first response time within working hours, interpolated linearly, in seconds.": "Délai médian de première réponse en heures ouvrées, interpolé linéairement, en secondes.",
    "90th percentile of the first response time within working hours, interpolated linearly, in seconds.": "90e centile du délai de première réponse en heures ouvrées, interpolé linéairement, en secondes.",
    "Sum of the duration (from start to close), in seconds; NULL without any.": "Somme des durées (du début à la clôture), en secondes ; NULL sans aucune.",
    "Conversations with a duration (from start to close).": "Conversations qui ont une durée (du début à la clôture).",
    "Average duration (from start to close): sum divided by count, in seconds.": "Durée moyenne (du début à la clôture) : somme divisée par nombre, en secondes.",
    "Median duration (from start to close), interpolated linearly, in seconds.": "Durée médiane (du début à la clôture), interpolée linéairement, en secondes.",
    "90th percentile of the duration (from start to close), interpolated linearly, in seconds.": "90e centile de la durée (du début à la clôture), interpolé linéairement, en secondes.",
    "Sum of the duration within working hours, in seconds; NULL without any.": "Somme des durées en heures ouvrées, en secondes ; NULL sans aucune.",
    "Conversations with a duration within working hours.": "Conversations qui ont une durée en heures ouvrées.",
    "Average duration within working hours: sum divided by count, in seconds.": "Durée moyenne en heures ouvrées : somme divisée par nombre, en secondes.",
    "Median duration within working hours, interpolated linearly, in seconds.": "Durée médiane en heures ouvrées, interpolée linéairement, en secondes.",
    "90th percentile of the duration within working hours, interpolated linearly, in seconds.": "90e centile de la durée en heures ouvrées, interpolé linéairement, en secondes.",
    "Sum of the reply times of these conversations, in seconds; NULL without any.": "Somme des délais de réponse de ces conversations, en secondes ; NULL sans aucun.",
    "Ended waits of these conversations: each human reply to a customer who was waiting.": "Attentes terminées de ces conversations : chaque réponse humaine à un client qui attendait.",
    "Average reply time: sum divided by count, in seconds.": "Délai moyen de réponse : somme divisée par nombre, en secondes.",
    "Conversations whose customer was asked for a rating.": "Conversations dont le client a été invité à donner une note.",
    "Conversations with a rating.": "Conversations qui ont une note.",
    "Sum of the ratings; NULL without any.": "Somme des notes ; NULL sans aucune.",
    "Average rating: sum divided by count.": "Note moyenne : somme divisée par nombre.",
    "Ratings of 1; NULL on another scale than 1 to 5.": "Notes de 1 ; NULL sur une autre échelle que 1 à 5.",
    "Ratings of 2; NULL on another scale than 1 to 5.": "Notes de 2 ; NULL sur une autre échelle que 1 à 5.",
    "Ratings of 3; NULL on another scale than 1 to 5.": "Notes de 3 ; NULL sur une autre échelle que 1 à 5.",
    "Ratings of 4; NULL on another scale than 1 to 5.": "Notes de 4 ; NULL sur une autre échelle que 1 à 5.",
    "Ratings of 5; NULL on another scale than 1 to 5.": "Notes de 5 ; NULL sur une autre échelle que 1 à 5.",
    "Ratings in the two best values of the scale.": "Notes parmi les deux meilleures de l'échelle.",
    "Satisfied ratings in percent of all ratings.": "Notes satisfaites en pourcentage de toutes les notes.",
    "Rated conversations in percent of surveyed ones.": "Conversations notées en pourcentage de celles où une enquête a été envoyée.",
    "The source's name.": "Le nom de la source.",
    "Key of the conversation in its source.": "Clé de la conversation dans sa source.",
    "The contact.": "Le contact.",
    "The contact's name; NULL for a deleted or unknown contact.": "Le nom du contact ; NULL pour un contact supprimé ou inconnu.",
    "The contact's phone: `***` and its last four digits, unless the configuration says `plain`.": (
        "Le téléphone du contact : `***` et ses quatre derniers chiffres, sauf si la configuration dit `plain`."
    ),
    "The channel it came by.": "Le canal par lequel elle est arrivée.",
    "The team.": "L'équipe.",
    "`new`, `in_flow`, `in_progress`, `closed` or `other`.": (
        "`new` (nouvelle), `in_flow` (dans un flux), `in_progress` (en cours), `closed` (close) ou `other` (autre)."
    ),
    "Who opened it: `inbox` (an agent), `flow`, `inbound` (the customer) or `other`.": "Qui l'a ouverte : `inbox` (un agent), `flow` (un flux), `inbound` (le client) ou `other` (autre).",
    "The same in the words of the system.": "La même chose dans les mots du système.",
    "The assignee, at close or now.": "L'agent à qui elle est attribuée, à la clôture ou à présent.",
    "The assignee's name.": "Le nom de l'agent à qui elle est attribuée.",
    "The assignee's e-mail address.": "L'adresse e-mail de l'agent à qui elle est attribuée.",
    "The agent who gave the first response.": "L'agent qui a donné la première réponse.",
    "Tags of the conversation, sorted; an empty list for none.": "Étiquettes de la conversation, triées ; une liste vide s'il n'y en a pas.",
    "Tags of the contact, sorted; NULL without a known contact.": "Étiquettes du contact, triées ; NULL sans contact connu.",
    "When it started.": "Quand elle a commencé.",
    "Local date of the start, in the account's time zone.": "Date locale du début, dans le fuseau horaire du compte.",
    "Whether it started in working hours; NULL without a schedule.": "Si elle a commencé en heures ouvrées ; NULL sans horaires.",
    "When the customer's earliest message was sent.": "Quand le premier message du client a été envoyé.",
    "When the first human reply after it was sent.": "Quand la première réponse humaine qui le suit a été envoyée.",
    "When it was closed.": "Quand elle a été close.",
    "When its latest message was sent.": "Quand son dernier message a été envoyé.",
    "Times it was reopened.": "Nombre de fois où elle a été rouverte.",
    "Messages of the conversation; notes, reactions, activities and failed ones are none.": "Messages de la conversation ; les notes, réactions, activités et échecs n'en sont pas.",
    "Of these, from the customer.": "Dont reçus du client.",
    "Of these, to the customer.": "Dont envoyés au client.",
    "Of these, human replies: written by an agent in the inbox.": "Dont réponses humaines : écrites par un agent dans la boîte de réception.",
    "Outbound messages that failed; not among the messages.": "Messages sortants en échec ; ils ne comptent pas parmi les messages.",
    (
        "Whether a human replied after the customer wrote; NULL when the customer never wrote, or when who"
        " answered is not known."
    ): (
        "Si une personne a répondu après un message du client ; NULL si le client n'a jamais écrit ou si"
        " l'on ne sait pas qui a répondu."
    ),
    "Whether it is closed.": "Si elle est close.",
    (
        "From the wait start to the first response, in whole seconds. The wait starts at the first inbound"
        " message, or at the latest hand-over or reopening before the response."
    ): (
        "Du début de l'attente à la première réponse, en secondes entières. L'attente commence au premier"
        " message reçu, ou au dernier transfert ou à la dernière réouverture avant la réponse."
    ),
    "The same within working hours; NULL without a schedule.": "La même chose en heures ouvrées ; NULL sans horaires.",
    "Ended waits: each human reply to a customer who was waiting.": "Attentes terminées : chaque réponse humaine à un client qui attendait.",
    "Sum of these waits, in seconds; NULL without any.": "Somme de ces attentes, en secondes ; NULL sans aucune.",
    "From start to close, in whole seconds; NULL while open or when the close lies before the start.": (
        "Du début à la clôture, en secondes entières ; NULL tant qu'elle est ouverte ou si la clôture précède le début."
    ),
    "Whether the customer was asked for a rating.": "Si le client a été invité à donner une note.",
    "The latest answered rating, on the account's scale.": "La dernière note donnée, sur l'échelle du compte.",
    "The customer's words with it.": "Les mots du client qui l'accompagnent.",
    "When it was answered.": "Quand elle a été donnée.",
    "`exact`, or `observed` where an instant is known to the polling interval only.": "`exact`, ou `observed` là où un instant n'est connu qu'à l'intervalle d'interrogation près.",
    "The conversation tag; `(untagged)` for conversations without one.": "L'étiquette de conversation ; `(untagged)` pour les conversations sans étiquette.",
    (
        "The tag's share of the period's conversations. Shares overlap: a conversation counts in each of its"
        " tags. NULL when the period has none."
    ): (
        "La part de l'étiquette dans les conversations de la période. Les parts se recouvrent : une"
        " conversation compte dans chacune de ses étiquettes. NULL si la période n'en a aucune."
    ),
    "The source system that the agent belongs to.": "Le système source auquel appartient l'agent.",
    "The agent; NULL for what has no agent.": "L'agent ; NULL pour ce qui n'en a pas.",
    "The agent's name; `(unassigned)` for what has no agent, NULL for an agent that no list names.": (
        "Le nom de l'agent ; `(unassigned)` pour ce qui n'a pas d'agent, NULL pour un agent qu'aucune liste ne nomme."
    ),
    "The agent's e-mail address.": "L'adresse e-mail de l'agent.",
    "The contact, unique over all sources: source system, `:` and contact id. NULL without a contact.": "Le contact, unique parmi toutes les sources : système source, `:` et identifiant du contact. NULL sans contact.",
    "Where the conversation is seen in its system; NULL where the source has no `conversation_url`.": "Où la conversation se consulte dans son système ; NULL si la source n'a pas de `conversation_url`.",
    "When it started, as the account's wall clock showed it: without a time zone.": "Début à l'heure locale du compte, sans fuseau horaire.",
    "Hour of the start on the account's wall clock, 0 to 23.": "Heure locale du début, de 0 à 23.",
    "When the customer's latest message was sent.": "Envoi du dernier message du client.",
    "Since when the customer waits for a human reply, of a conversation that is not closed: the first inbound message after the last human reply and not before the last closing. NULL when nobody waits, when an outbound message of an unknown sender came after it, and while a flow has the conversation.": "Depuis quand le client attend une réponse humaine, pour une conversation qui n'est pas clôturée : le premier message entrant après la dernière réponse humaine et pas avant la dernière clôture. NULL si personne n'attend, si un message sortant d'expéditeur inconnu l'a suivi, et tant qu'un flux a la conversation.",
    "Whether it was reopened at least once.": "Si elle a été rouverte au moins une fois.",
    "Whether the rating is one of the two best values of the scale; NULL without a rating.": "Si la note est l'une des deux meilleures de l'échelle ; NULL sans note.",
    "Conversations that were reopened at least once.": "Conversations rouvertes au moins une fois.",
}
"""The translation of each."""
