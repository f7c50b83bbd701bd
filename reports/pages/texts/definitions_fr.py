"""What columns mean, in French, as a page explains them.

Here: the English definition of each column that has a name on the pages, as the documentation of the dbt models has it,
with its translation. A definition that changes there is no longer found here: the tests say so.
"""

# ruff: noqa: E501 - a sentence stands on one line, as in the documentation that it is compared with

_TIMES = {
    "first response time (from the wait start to the first human reply after the customer wrote)": "du délai de première réponse (du début de l'attente à la première réponse humaine qui suit un message du client)",
    "first response time within working hours": "du délai de première réponse en heures ouvrées",
    "duration (from start to close)": "de la durée (du début à la clôture)",
    "duration within working hours": "de la durée en heures ouvrées",
}

FRENCH = {
    "Conversations started in the period.": "Conversations débutées dans la période.",
    "Of these, opened by an agent with a template.": "Celles qu'un agent a ouvertes avec un modèle de message.",
    "Of these, opened by an automated flow.": "Celles qu'un parcours automatisé a ouvertes.",
    "Of these, opened by the customer.": "Celles que le client a ouvertes.",
    "Of these, opened otherwise (API, broadcast, unknown).": "Celles qui ont été ouvertes autrement (API, envoi en masse, origine inconnue).",
    "Different contacts of these conversations, counted for each grain.": "Contacts différents de ces conversations, comptés une fois par période affichée.",
    "Messages sent or received in the period, by their own local date; notes, reactions, activities and failed ones are none.": "Messages envoyés ou reçus dans la période, à leur propre date locale ; les notes internes, les réactions, les activités et les messages en échec ne comptent pas.",
    "Of these, from customers.": "Ceux qui viennent des clients.",
    "Of these, to customers.": "Ceux qui sont adressés aux clients.",
    "Outbound messages that failed, in the period; not among the messages.": "Messages envoyés dans la période et restés en échec ; ils ne comptent pas parmi les messages.",
    "Conversations in which a human replied after the customer wrote.": "Conversations où une personne a répondu après un message du client.",
    "Conversations in which the customer wrote and no human replied.": "Conversations où le client a écrit et où personne n'a répondu.",
    "Conversations that are closed.": "Conversations clôturées.",
    "Conversations that were reopened at least once.": "Conversations rouvertes au moins une fois.",
    "Times that these conversations were reopened.": "Nombre de fois où ces conversations ont été rouvertes.",
    **{
        f"Average {english}: sum divided by count, in seconds.": f"Moyenne {french}."
        for english, french in _TIMES.items()
    },
    **{
        f"Median {english}, interpolated linearly, in seconds.": f"Médiane {french} : la moitié des conversations font mieux."
        for english, french in _TIMES.items()
    },
    **{
        f"90th percentile of the {english}, interpolated linearly, in seconds.": f"90e centile {french} : neuf conversations sur dix font mieux."
        for english, french in _TIMES.items()
    },
    "Ended waits of these conversations: each human reply to a customer who was waiting.": "Attentes terminées dans ces conversations : chaque réponse humaine à un client qui attendait.",
    "Average reply time: sum divided by count, in seconds.": "Attente moyenne du client avant chaque réponse humaine.",
    "Conversations whose customer was asked for a rating.": "Conversations dont le client a été invité à donner une note.",
    "Conversations with a rating.": "Conversations notées par le client.",
    "Average rating: sum divided by count.": "Moyenne des notes.",
    **{
        f"Ratings of {score}; NULL on another scale than 1 to 5.": f"Notes de {score} ; sans valeur si l'échelle ne va pas de 1 à 5."
        for score in range(1, 6)
    },
    "Ratings in the two best values of the scale.": "Notes parmi les deux meilleures de l'échelle.",
    "Satisfied ratings in percent of all ratings.": "Part des notes qui sont parmi les deux meilleures de l'échelle.",
    "Rated conversations in percent of surveyed ones.": "Part des conversations notées parmi celles dont le client a été invité à donner une note.",
    "The source's name.": "Le nom de l'outil d'où vient la conversation.",
    "Key of the conversation in its source.": "Le numéro de la conversation dans son outil d'origine.",
    "The contact's name; NULL for a deleted or unknown contact.": "Le nom du contact ; vide s'il est supprimé ou inconnu.",
    "The contact's phone: `***` and its last four digits, unless the configuration says `plain`.": "Le téléphone du contact : `***` et les quatre derniers chiffres, sauf si la configuration dit `plain`.",
    "The channel it came by.": "Le canal par lequel elle est arrivée.",
    "The team.": "L'équipe chargée de la conversation.",
    "`new`, `in_flow`, `in_progress`, `closed` or `other`.": "Nouvelle (`new`), dans un parcours automatisé (`in_flow`), en cours (`in_progress`), clôturée (`closed`) ou autre (`other`).",
    "Who opened it: `inbox` (an agent), `flow`, `inbound` (the customer) or `other`.": "Qui l'a ouverte : un agent (`inbox`), un parcours automatisé (`flow`), le client (`inbound`) ou autre (`other`).",
    "The assignee's name.": "Le nom de l'agent à qui elle est attribuée.",
    "Tags of the conversation, sorted; an empty list for none.": "Les étiquettes de la conversation.",
    "Tags of the contact, sorted; NULL without a known contact.": "Les étiquettes du contact ; vide si le contact est inconnu.",
    "When it started.": "Quand elle a débuté.",
    "Whether it started in working hours; NULL without a schedule.": "Si elle a débuté pendant les heures ouvrées ; vide si le compte n'a pas d'horaires.",
    "When the customer's earliest message was sent.": "Quand le premier message du client a été envoyé.",
    "When the first human reply after it was sent.": "Quand la première réponse humaine qui le suit a été envoyée.",
    "When it was closed.": "Quand elle a été clôturée.",
    "When its latest message was sent.": "Quand son dernier message a été envoyé.",
    "Times it was reopened.": "Nombre de fois où elle a été rouverte.",
    "Messages of the conversation; notes, reactions, activities and failed ones are none.": "Messages de la conversation ; les notes internes, les réactions, les activités et les messages en échec ne comptent pas.",
    "Of these, from the customer.": "Ceux qui viennent du client.",
    "Of these, to the customer.": "Ceux qui sont adressés au client.",
    "Of these, human replies: written by an agent in the inbox.": "Réponses humaines : celles qu'un agent a écrites dans la boîte de réception.",
    "Outbound messages that failed; not among the messages.": "Messages envoyés et restés en échec ; ils ne comptent pas parmi les messages.",
    "Whether a human replied after the customer wrote; NULL when the customer never wrote, or when who answered is not known.": "Si une personne a répondu après un message du client ; vide si le client n'a jamais écrit ou si l'on ne sait pas qui a répondu.",
    "From the wait start to the first response, in whole seconds. The wait starts at the first inbound message, or at the latest hand-over or reopening before the response.": "Du début de l'attente à la première réponse. L'attente commence au premier message du client, ou au dernier transfert ou à la dernière réouverture qui précède la réponse.",
    "The same within working hours; NULL without a schedule.": "La même chose en heures ouvrées ; vide si le compte n'a pas d'horaires.",
    "Ended waits: each human reply to a customer who was waiting.": "Attentes terminées : chaque réponse humaine à un client qui attendait.",
    "From start to close, in whole seconds; NULL while open or when the close lies before the start.": "Du début à la clôture ; vide tant qu'elle est ouverte, ou si la clôture précède le début.",
    "Whether the customer was asked for a rating.": "Si le client a été invité à donner une note.",
    "The latest answered rating, on the account's scale.": "La dernière note donnée, sur l'échelle du compte.",
    "The customer's words with it.": "Ce que le client a écrit avec sa note.",
    "When it was answered.": "Quand la note a été donnée.",
    "The conversation tag; `(untagged)` for conversations without one.": "L'étiquette de conversation ; `(untagged)` pour les conversations sans étiquette.",
    "The tag's share of the period's conversations. Shares overlap: a conversation counts in each of its tags. NULL when the period has none.": "Part de l'étiquette dans les conversations de la période. Les parts se recouvrent : une conversation compte dans chacune de ses étiquettes.",
    "The share of the period's conversations; NULL when the period has none.": "Part des conversations de la période.",
    "The channel of the conversation, trimmed; `(no channel)` for conversations without one.": "Le canal de la conversation ; `(no channel)` pour les conversations sans canal.",
    "The team of the conversation, trimmed; `(no team)` for conversations without one.": "L'équipe de la conversation ; `(no team)` pour les conversations sans équipe.",
    "Name of the target.": "Le nom de l'objectif.",
    "Units of conversations started in the period: met, missed and pending ones.": "Échéances des conversations débutées dans la période : respectées, non respectées et en attente.",
    "Of these, those whose time is known and at most the target's.": "Celles dont le délai est connu et ne dépasse pas celui de l'objectif.",
    "Of these, those that took longer, or have taken longer already.": "Celles qui ont pris plus de temps, ou en ont déjà pris plus.",
    "Of these, those that are open and still within the time.": "Celles qui sont encore ouvertes et dans les délais.",
    "100 × met / (met + missed); NULL while nothing is met or missed.": "Part des échéances respectées parmi celles qui sont échues ; vide tant qu'aucune ne l'est.",
    "Names of the targets with at least one missed unit in it, sorted; an empty list for none.": "Les objectifs dont au moins une échéance n'y a pas été respectée.",
    "Names of the targets that it met, with nothing missed or pending, sorted; an empty list for none.": "Les objectifs qu'elle a respectés, sans échéance manquée ni en attente.",
    "The flow's latest name, in every period: that of the run that started last and has one. NULL without any.": "Le nom le plus récent du parcours, quelle que soit la période ; vide s'il n'en a jamais eu.",
    "Runs of the flow that started in the period.": "Lancements du parcours dans la période.",
    "Distinct contacts of these runs. It does not add up over periods or flows.": "Contacts différents de ces lancements. Ce nombre ne s'additionne pas d'une période ou d'un parcours à l'autre.",
    "Runs that came to their end.": "Lancements arrivés au bout du parcours.",
    "Runs that expired: the customer did not answer in time.": "Lancements expirés : le client n'a pas répondu à temps.",
    "Runs that are ready or running.": "Lancements prêts ou en cours.",
    "Runs that were cancelled.": "Lancements annulés.",
    "Runs that failed.": "Lancements en échec.",
    "Runs in a state by any other name.": "Lancements dans un état d'un autre nom.",
    "100 × completed / (runs − ongoing). NULL when all runs are ongoing.": "Part des lancements menés à terme parmi ceux qui ne sont plus en cours ; vide s'ils le sont tous.",
    "Distinct conversations of these runs, of those in `details`. It does not add up over periods or flows.": "Conversations différentes de ces lancements, parmi celles des détails (`details`). Ce nombre ne s'additionne pas d'une période ou d'un parcours à l'autre.",
    "The source system that the agent belongs to.": "L'outil d'origine auquel l'agent appartient.",
    "The agent's name; `(unassigned)` for what has no agent, NULL for an agent that no list names.": "Le nom de l'agent ; `(unassigned)` pour ce qui n'est attribué à personne, vide pour un agent qu'aucune liste ne nomme.",
}
"""The translation of each."""
