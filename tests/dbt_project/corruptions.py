"""What may go wrong in a build, as SQL: each statement is a corruption that a test must notice.

Here: statements on a build whose candidate is attached as `candidate`. Not here: the tests that make them
(``test_gates``).
"""

from __future__ import annotations

from expectations.grains import GRAINS
from expectations.marts import COLUMNS

MARTS = tuple(mart for mart, columns in COLUMNS.items() if "csat_percent" in columns)
"""Those that have the measure set."""
OF_GROUPS = tuple(mart for mart in MARTS if mart not in ("overview", "by_tag"))
"""Of these, those whose groups add up to the overview."""
FLOW_STATUSES = ("completed", "expired", "ongoing", "cancelled", "failed", "other")
DURATIONS = ("first_response", "first_response_business", "duration", "duration_business")
ADDITIVE = (
    *("conversations", "conversations_inbox", "conversations_flow", "conversations_inbound", "conversations_other"),
    *("messages", "messages_inbound", "messages_outbound", "messages_failed"),
    *(
        "conversations_answered",
        "conversations_unanswered",
        "conversations_closed",
        "conversations_reopened",
        "reopens",
    ),
    *(f"{duration}_{figure}" for duration in DURATIONS for figure in ("seconds_sum", "count")),
    *("reply_seconds_sum", "replies", "surveys", "ratings", "rating_sum", "ratings_satisfied"),
    *(f"rating_{score}" for score in range(1, 6)),
)
AVERAGES = (
    *(f"avg_{name}" for name in ("reply_seconds", "rating", *(f"{duration}_seconds" for duration in DURATIONS))),
    *("csat_percent", "survey_response_percent"),
)
OF_DETAILS = tuple(
    column
    for column in ADDITIVE
    if not column.startswith(("messages", "rating_", "ratings_")) or column == "rating_sum"
)
DETAILS = "candidate.details"
ONE = f"(source_system, conversation_id) = (select min((source_system, conversation_id)) from {DETAILS})"


def one_of_details(change: str, condition: str = "true") -> str:
    """A change of one conversation that meets the condition."""
    first = f"select min((source_system, conversation_id)) from {DETAILS} where {condition}"
    return f"update {DETAILS} set {change} where (source_system, conversation_id) = ({first})"


def of_conversations(condition: str) -> str:
    """A condition on records: they belong to a conversation that meets it."""
    return f"conversation_key in (select conversation_key from intermediate.int_conversations where {condition})"


# What each data test must notice. Statements of one test stand for the branches of its query: each alone must do.
# DuckDB writes one database in a transaction, so each changes either the marts or what leads to them.
CORRUPTIONS = {
    **{
        f"assert_{mart}_rows_are_unique": [f"insert into candidate.{mart} select * from candidate.{mart} limit 1"]
        for mart in COLUMNS
    },
    "assert_keys_are_unique": [
        f"update intermediate.{table} set {key} = (select min({key}) from intermediate.{table})"
        for table, key in (
            *(("int_conversations", "conversation_key"), ("int_conversations", "contact_key")),
            *(("int_agent_keys", "agent_key"), ("int_tag_sets", "tag_set_key")),
            *(("int_team_channels", "team_channel_key"), ("int_flow_runs", "flow_key")),
        )
    ],
    "assert_live_records_are_in_raw": ["update settings.sources set kind = 'chatwoot' where source_key = 1"],
    "assert_status_is_known": [one_of_details("status = 'snoozed'")],
    "assert_source_is_known": [one_of_details("source = 'Inbox'")],
    "assert_times_basis_is_known": [one_of_details("times_basis = 'guessed'")],
    "assert_parts_add_up": [
        f"update candidate.{mart} set {column} = {column} + 1"
        for mart in MARTS
        for column in ("conversations", "conversations_other", "messages", "messages_outbound", "ratings", "rating_3")
    ],
    "assert_days_add_up_to_periods": [
        *(
            f"update candidate.overview set {column} = coalesce({column}, 0) + 1 where grain = '{grain}'"
            for column in ADDITIVE
            for grain in GRAINS
        ),
        *(
            "delete from candidate.overview where (account_id, period_start)"
            f" = (select min((account_id, period_start)) from candidate.overview where grain = '{grain}')"
            f" and grain = '{grain}'"
            for grain in GRAINS
        ),
        *(
            f"update candidate.overview set {column} = {column} + 1 where grain = '{grain}'"
            for column in ("period_start", "period_end")
            for grain in GRAINS[1:]
        ),
    ],
    "assert_overview_equals_details": [
        *(
            f"update candidate.overview set {column} = coalesce({column}, 0) + 1 where grain = 'day'"
            for column in OF_DETAILS
        ),
        f"delete from candidate.details where {ONE}",
        one_of_details("started_date = date '2020-01-01'"),
        "delete from candidate.overview where grain = 'day' and conversations = 1",
    ],
    "assert_groups_add_up_to_overview": [
        *(
            f"update candidate.{mart} set {column} = coalesce({column}, 0) + 1"
            for mart in OF_GROUPS
            for column in ADDITIVE
        ),
        *(
            f"delete from candidate.{mart} where period_start = (select min(period_start) from candidate.{mart})"
            for mart in OF_GROUPS
        ),
        "delete from candidate.by_agent where agent_id is null",
        "delete from candidate.overview where grain = 'month'",
    ],
    "assert_shares_are_of_overview": [
        f"update candidate.{mart} set share_of_conversations = {share}"
        for mart, columns in COLUMNS.items()
        if "share_of_conversations" in columns
        for share in ("0", "null", "coalesce(share_of_conversations, 0)", "share_of_conversations * 1.001")
    ],
    "assert_tags_cover_overview": [
        *(f"update candidate.by_tag set {column} = 1000000000" for column in (*ADDITIVE, "distinct_contacts")),
        *(f"update candidate.by_tag set {column} = 0" for column in (*ADDITIVE, "distinct_contacts")),
        "delete from candidate.by_tag where tag = '(untagged)'",
        "delete from candidate.by_tag where period_start = (select min(period_start) from candidate.by_tag)",
    ],
    "assert_backlog_adds_up": [
        *(
            f"update candidate.backlog set {column} = {column} + 1"
            for column in (
                *("opened", "reopened", "closed", "open_before", "open", "waiting_for_us", "waiting_1h_4h"),
                *("waiting_unknown", "waiting_for_customer"),
            )
        ),
        "update candidate.backlog set open_before = open_before + 1, open = open + 1 where local_date <> '2026-10-20'",
        "delete from candidate.backlog where open > 0",
        "update candidate.backlog set unanswered = waiting_for_us + 1",
        "update candidate.backlog set closing_unknown = -1",
        "update candidate.backlog set median_waiting_seconds = 0",
        "update candidate.backlog set median_waiting_seconds = -median_waiting_seconds",
        "update candidate.backlog set median_open_seconds = null",
        "update candidate.backlog set opened = opened + 1, closed = closed + 1",
        one_of_details("started_date = started_date + 1"),
    ],
    "assert_targets_add_up": [
        *(
            f"update candidate.by_target set {column} = {column} + 1 where grain = '{grain}' and {column} > 0"
            for column in ("units", "met", "missed", "pending")
            for grain in GRAINS
        ),
        *(
            f"update candidate.by_target set {column} = -1, units = units - {column} - 1"
            for column in ("met", "missed")
        ),
        *(
            f"update candidate.by_target set {change}, units = units + 1 where grain = 'week' and met > 0"
            for change in (
                "pending = pending + 1",
                "missed = missed + 1, met_percent = 100.0 * met / (met + missed + 1)",
                "met = met + 1, met_percent = 100.0 * (met + 1) / (met + missed + 1)",
            )
        ),
        *(f"update candidate.by_target set met_percent = {value}" for value in ("null", "met_percent * 1.001", "0")),
        "insert into candidate.by_target select * replace (0 as units, 0 as met, 0 as missed, 0 as pending,"
        " null as met_percent, 'nothing' as target) from candidate.by_target",
        "delete from candidate.by_target where grain = 'month'",
        "delete from candidate.by_target where grain = 'day' and (account_id, period_start) ="
        " (select min((account_id, period_start)) from candidate.by_target where grain = 'day')",
    ],
    "assert_targets_agree_with_details": [
        one_of_details(change, condition)
        for change, condition in (
            ("targets_missed = ['nothing']", "true"),
            ("targets_met = ['nothing']", "true"),
            ("started_date = date '2020-01-01'", "len(targets_missed) > 0"),
        )
    ]
    + [
        f"update candidate.details set {lists} = (select list(distinct target) from candidate.by_target"
        " where by_target.account_id = details.account_id)"
        for lists in ("targets_missed", "targets_met")
    ]
    + ["update candidate.details set targets_missed = []"]
    + [
        f"update candidate.by_target set {outcome} = {outcome} + 1 where grain = 'day'"
        for outcome in ("met", "missed", "pending")
    ]
    + ["delete from candidate.by_target where grain = 'day'"]
    + [
        f"update candidate.reporting.targets set {change}"
        for change in (
            *(f"{name} = {name} + 1" for name in ("met", "missed", "pending")),
            "started_date = started_date + 1",
        )
    ],
    "assert_by_flow_holds_every_run": [
        *(
            f"update candidate.by_flow set {column} = {column} + 1 where grain = '{grain}'"
            for column in ("runs", *FLOW_STATUSES)
            for grain in GRAINS
        ),
        *(
            f"update candidate.by_flow set {change}"
            for change in (
                *("contacts = runs + 1", "conversations = runs + 1", "contacts = -1", "conversations = -1"),
                *("completed_percent = null", "completed_percent = completed_percent + 0.1", "completed_percent = 0"),
                *("period_start = period_start + 1", "flow_id = 'another'", "source_system = 'another'"),
            )
        ),
        "delete from candidate.by_flow where flow_id = (select min(flow_id) from candidate.by_flow)",
        "delete from candidate.reporting.flow_runs where flow_no = 1",
        "insert into candidate.reporting.flow_runs from candidate.reporting.flow_runs limit 1",
        "update candidate.reporting.flow_runs set started_date = started_date + 1",
        "delete from candidate.reporting.flows where flow_no = 1",
        "delete from intermediate.int_flow_runs where is_counted",
    ],
    "assert_message_totals_agree": [
        one_of_details(f"{column} = {column} + 1")
        for column in ("messages", "messages_inbound", "messages_outbound", "messages_failed")
    ],
    "assert_report_tables_agree_with_overview": [
        "delete from candidate.reporting.conversations where conversation_key ="
        " (select min(conversation_key) from candidate.reporting.conversations)",
        *(
            f"update candidate.reporting.conversations set {change}"
            for change in ("is_answered = not is_answered", "is_closed = not is_closed", "rating = null")
        ),
        *(f"update candidate.reporting.replies set {sum} = {sum} + 1" for sum in ("replies", "reply_seconds_sum")),
        *(
            f"update candidate.reporting.messages set messages_{kind} = messages_{kind} + 1"
            for kind in ("inbound", "outbound", "failed")
        ),
        "update candidate.reporting.messages set sent_date = sent_date + 1",
        "delete from candidate.reporting.agents where agent_id is null",
    ],
    "assert_averages_agree_with_sums": [
        f"update candidate.{mart} set {change}"
        for mart in MARTS
        for change in (
            *(f"{average} = {average} * 1.001" for average in AVERAGES),
            *(f"{average} = null" for average in AVERAGES),
            *(f"{average} = 0" for average in AVERAGES),
            *(f"{duration}_seconds_sum = null" for duration in DURATIONS),
            *(f"{duration}_seconds_sum = 0 where {duration}_count = 0" for duration in DURATIONS),
            *(f"median_{duration}_seconds = null" for duration in DURATIONS),
            *(f"p90_{duration}_seconds = null" for duration in DURATIONS),
            *(f"p90_{duration}_seconds = median_{duration}_seconds - 1" for duration in DURATIONS),
            "reply_seconds_sum = null",
            "rating_sum = null",
        )
    ],
    "assert_no_figure_is_negative": [
        *(
            f"update candidate.{mart} set {figure} = -1"
            for mart in MARTS
            for figure in (
                *ADDITIVE,
                "distinct_contacts",
                "avg_reply_seconds",
                *(f"{kind}_{duration}_seconds" for kind in ("avg", "median", "p90") for duration in DURATIONS),
            )
        ),
        *(
            one_of_details(f"{figure} = -1")
            for figure in (
                *("reopens", "replies", "reply_seconds_sum"),
                *("messages", "messages_inbound", "messages_outbound", "messages_human", "messages_failed"),
                *(f"{duration}_seconds" for duration in DURATIONS),
            )
        ),
    ],
    "assert_details_are_consistent": [
        one_of_details("messages = messages + 1"),
        one_of_details("messages_human = messages_outbound + 1"),
        one_of_details("replies = messages_human + 1"),
        one_of_details("first_inbound_at = null", "messages_inbound > 0 and not is_answered"),
        one_of_details("last_inbound_at = null", "messages_inbound > 0"),
        one_of_details("last_inbound_at = last_message_at + interval 1 second", "messages_inbound > 0"),
        one_of_details("last_inbound_at = first_inbound_at - interval 1 second", "messages_inbound > 0"),
        one_of_details("waiting_since = last_inbound_at + interval 1 second", "waiting_since is not null"),
        one_of_details("waiting_since = first_inbound_at", "is_closed and messages_inbound > 0"),
        one_of_details("waiting_since = started_at", "messages_inbound = 0 and not is_closed"),
        one_of_details("reopened = not reopened"),
        one_of_details("started_local = started_local + interval 1 day"),
        one_of_details("started_hour = (started_hour + 1) % 24"),
        one_of_details("contact_key = null", "contact_id is not null"),
        one_of_details("is_satisfied = null", "rating is not null"),
        one_of_details("is_satisfied = not is_satisfied", "rating is not null"),
        one_of_details("is_satisfied = true", "rating is null"),
        one_of_details("last_message_at = null", "messages > 0"),
        one_of_details("last_message_at = started_at", "messages = 0"),
        one_of_details("first_response_at = null", "is_answered"),
        one_of_details("first_response_seconds = null", "is_answered"),
        one_of_details("is_answered = null", "is_answered"),
        one_of_details("is_answered = false", "is_answered"),
        one_of_details("is_answered = true", "not is_answered"),
        one_of_details("is_answered = false", "first_inbound_at is null"),
        one_of_details("first_response_at = first_inbound_at - interval 1 second", "is_answered"),
        one_of_details("reply_seconds_sum = null", "replies > 0"),
        one_of_details("reply_seconds_sum = 0", "replies = 0"),
        one_of_details("duration_seconds = null", "duration_seconds is not null"),
        one_of_details("closed_at = started_at - interval 1 second", "duration_seconds is not null"),
        one_of_details("is_closed = false", "is_closed"),
        one_of_details("is_closed = true", "not is_closed"),
        one_of_details("first_response_business_seconds = first_response_seconds + 1", "is_answered"),
        one_of_details("duration_business_seconds = duration_seconds + 1", "duration_seconds is not null"),
        one_of_details("is_surveyed = false", "rating is not null"),
        one_of_details("rating = 6", "rating is not null"),
        one_of_details("rating = 0", "rating is not null"),
        one_of_details("rated_at = started_at", "rating is null"),
        one_of_details("rating_comment = 'good'", "rating is null"),
    ],
    "assert_rows_are_accounted_for": [
        f"update intermediate.int_row_accounting set {column} = {column} + 1 where entity = '{entity}'"
        for column in ("landed", "quarantined", "superseded", "deleted", "orphans", "used")
        for entity in ("conversations", "messages", "contacts", "agents", "events", "ratings", "flow_runs")
    ],
    "assert_quarantine_is_accounted_for": [
        "delete from intermediate.int_quarantine"
        " where (source_system, file) = (select min((source_system, file)) from intermediate.int_quarantine)",
        "insert into intermediate.int_quarantine select * from intermediate.int_quarantine limit 1",
        "insert into intermediate.int_quarantine select * replace ('stranger' as source_system)"
        " from intermediate.int_quarantine limit 1",
        "update intermediate.int_quarantine set mended_by = batch where record_id is not null",
        "delete from intermediate.int_quarantine",
    ],
    "assert_marts_hold_every_used_row": [
        f"insert into candidate.details select * from candidate.details where {ONE}",
        f"delete from candidate.details where {ONE}",
        one_of_details("messages = messages + 1"),
        one_of_details("messages_failed = messages_failed + 1"),
        "delete from candidate.details where source_system = (select max(source_system) from candidate.details)",
        "delete from intermediate.int_messages where (source_key, message_id) = (select min((source_key, message_id))"
        f" from intermediate.int_messages where kind <> 0 and {of_conversations('not is_deleted')})",
        "update intermediate.int_messages set conversation_key = (select min(conversation_key) from"
        " intermediate.int_conversations where not is_deleted) where conversation_key not in"
        " (select conversation_key from intermediate.int_conversations) and kind <> 0",
    ],
    "assert_marts_hold_live_rows_only": [
        one_of_details(
            "conversation_id = (select min(records.conversation_id) from export.conversations as records"
            " where records._reasons is not null and records.source_system = details.source_system)"
        ),
        one_of_details(
            "conversation_id = (select min(conversation_id) from intermediate.int_conversations as latest"
            " where latest.is_deleted and latest.source_system = details.source_system)"
        ),
        *(
            f"update candidate.details set {change} where (source_system, contact_id) in"
            " (select (source_system, contact_id) from intermediate.int_contacts where is_deleted)"
            for change in ("contact_name = 'Ana'", "contact_phone = '***1234'", "contact_tags = ['vip']")
        ),
    ],
}

# What the row accounting must notice in the models that it counts.
LOSSES = [
    "delete from intermediate.int_messages where message_id = (select min(message_id) from intermediate.int_messages)",
    "insert into intermediate.int_messages select * from intermediate.int_messages limit 1",
    f"delete from intermediate.int_events where {of_conversations('is_deleted')}",
    f"delete from intermediate.int_ratings where {of_conversations('not is_deleted')}",
    "delete from intermediate.int_agents where agent_id = (select min(agent_id) from intermediate.int_agents)",
    "delete from intermediate.int_contacts where is_deleted",
    "delete from intermediate.int_flow_runs where flow_run_id = '1'",
    "insert into intermediate.int_flow_runs select * from intermediate.int_flow_runs limit 1",
    "delete from intermediate.int_conversations where is_deleted",
    "delete from intermediate.int_conversation_facts where conversation_key ="
    " (select min(conversation_key) from intermediate.int_conversation_facts)",
    "insert into intermediate.int_conversation_facts select * from intermediate.int_conversation_facts limit 1",
    *(f"delete from intermediate.int_record_versions where entity = '{entity}'" for entity in ("messages", "agents")),
    "insert into intermediate.int_record_versions"
    " select * from intermediate.int_record_versions where is_superseded limit 1",
    "update settings.batch_counts set landed = landed + 1 where entity = 'contacts'",
    "delete from settings.batch_counts where entity = 'agents'",
]
