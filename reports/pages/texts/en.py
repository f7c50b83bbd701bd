"""The English texts.

Here: every text of the pages but the definitions of figures, which come from the release.
"""

TEXTS = {
    # language
    "language.label": "Language",
    "language.en": "English",
    "language.fr": "Français",
    # page
    "page.overview": "Overview",
    "page.by-agent": "By agent",
    "page.by-tag": "By tag",
    "page.details": "Details",
    # filter
    "filter.account": "Account",
    "filter.period": "Period",
    "filter.grain": "Chart by",
    "filter.more": "More filters",
    "filter.agents": "Agents",
    "filter.agents.help": "Conversations assigned to any of these. What other agents did in them stays.",
    "filter.conversation_tags": "Conversation tags",
    "filter.conversation_tags.help": "Conversations with any of these tags.",
    "filter.contact_tags": "Contact tags",
    "filter.contact_tags.help": "Conversations with contacts that have any of these tags.",
    "filter.none": "None to choose from",
    "filter.clear": "Clear filters",
    "filter.active": "Filtered by",
    "filter.apply": "Show",
    "filter.all_accounts": "All accounts together",
    "filter.from": "From",
    "filter.to": "To",
    "filter.narrow": "Find in this list",
    "filter.remove": "Remove the filter {name}: {value}",
    "filter.sources": "Opened by",
    "filter.sources.help": "Who opened the conversation.",
    "filter.source_systems": "Source system",
    "filter.source_systems.help": "The system that the conversation comes from.",
    "filter.statuses": "Status",
    "filter.statuses.help": "The status of the conversation now.",
    "filter.teams": "Team",
    "filter.teams.help": "The team that has the conversation.",
    "filter.channels": "Channel",
    "filter.channels.help": "The number or inbox that the conversation came by.",
    "filter.working_hours": "Started",
    "filter.answered": "Answered by a person",
    "filter.rated": "Rated by the customer",
    # grain
    "grain.auto": "Automatic ({grain})",
    "grain.day": "Day",
    "grain.week": "Week",
    "grain.month": "Month",
    "grain.quarter": "Quarter",
    # period
    "period.today": "Today, up to the data",
    "period.last-7-days": "Last 7 days",
    "period.last-30-days": "Last 30 days",
    "period.last-90-days": "Last 90 days",
    "period.this-week": "This week",
    "period.last-week": "Last week",
    "period.this-month": "This month",
    "period.last-month": "Last month",
    "period.this-quarter": "This quarter",
    "period.last-quarter": "Last quarter",
    "period.this-year": "This year",
    "period.last-year": "Last year",
    "period.all": "All data",
    "period.custom": "Custom",
    "period.note": "Periods count back from the last day that the data cover, {day}.",
    # badge
    "badge.title": "About these data",
    "badge.label": "Figures through {instant}",
    "badge.label.unknown": "How far the figures reach is not known yet",
    "badge.data_through": "Data through",
    "badge.data_through.meaning": (
        "Everything that happened before is in the figures. Local time of the account ({timezone})."
    ),
    "badge.data_through.unknown": "A source of this account has delivered nothing yet.",
    "badge.release": "Release",
    "badge.release.meaning": "Published {instant} (UTC). All figures on this page come from this one file.",
    "badge.verdict": "Verdict",
    "badge.verdict.good": "{evaluated} expectations, all met",
    "badge.verdict.warned": "{evaluated} expectations, {warned} not met as warnings",
    "badge.verdict.meaning": (
        "Before it was published, the build was checked. One that breaks a rule is never published; what"
        " follows is worth knowing and makes no figure wrong."
    ),
    "badge.quarantine": "Quarantine",
    "badge.quarantine.none": "No open row",
    "badge.quarantine.some": "{count} open rows",
    "badge.quarantine.meaning": (
        "Malformed rows that were kept out and that no later batch has mended. `causerie quarantine` lists them."
    ),
    "badge.short.good": "Checked",
    "badge.short.warned.one": "{count} warning",
    "badge.short.warned.many": "{count} warnings",
    # release
    "release.newer": "Newer figures have been published.",
    "release.newer.show": "Show them",
    "release.gone": "The figures have been renewed.",
    # state
    "state.nothing_published": "Nothing is published yet",
    "state.nothing_published.todo": (
        "These pages show the current release, and nothing has been published yet. Run `causerie run` with"
        " your configuration; the page appears by itself when the run has published."
    ),
    "state.unreadable": "The release cannot be shown",
    "state.unreadable.older": (
        "It was published by an older version, whose reports lack filters. Run `causerie run --full-refresh`"
        " to publish again; the page appears by itself."
    ),
    "state.unreadable.other": (
        "Its file cannot be read. Run `causerie run` to publish again, or look at the log of the server."
    ),
    "state.failed": "This page could not be shown",
    "state.failed.todo": "The query failed; the log of the server says why. Reload the page, or clear the filters.",
    "state.no_accounts": "There is no account yet",
    "state.no_data": "This account has no conversations yet",
    "state.no_data.todo": "As soon as one of its sources delivers conversations, they appear here.",
    "state.outside": "No data in this period",
    "state.outside.todo": "The account's data go from {first} to {last}. Choose another period.",
    "state.nothing_matches": "Nothing matches these filters",
    "state.nothing_matches.todo": (
        "No conversation or message in this period matches all of them. Remove one, or clear them all."
    ),
    "state.no_schedule": "No working hours are configured for this period, so figures in working hours have no value.",
    "state.bad_address": "The address of this page has values that could not be used. They were ignored:",
    "state.no_account_seen": "You have no account to see",
    "state.no_account_seen.todo": (
        "The pages show the accounts that your login allows, and it names none of this release. Ask whoever"
        " runs causerie."
    ),
    "state.no_accounts.todo": "The release has no account. Name one in the configuration and run `causerie run`.",
    # compare
    "compare.was": "was {value}",
    "compare.year": "a year before: {value}",
    "compare.year.change": "a year before: {value} ({change})",
    "compare.note": "Compared with {before}.",
    "compare.none": "There are no data before {first} to compare this period with.",
    "compare.incomplete": "The data do not reach the end of this period, so no change is shown.",
    "compare.no_value": "no value before",
    "compare.none_short": "no period before",
    # section
    # the first four are headings of Superset's dashboard (reports/superset)
    "section.volume": "Volume",
    "section.speed": "Speed",
    "section.satisfaction": "Satisfaction",
    "section.tables": "Summary tables",
    "section.over_time": "Over time",
    "section.sources": "Who opened the conversations",
    "section.ratings": "Ratings",
    "section.traffic": "When customers write",
    "section.ranking": "Ranking",
    "section.table": "All figures",
    "section.conversations": "Conversations",
    "section.headlines": "At a glance",
    "section.apart": "Each account",
    "section.opened": "Conversations, by who opened them",
    "section.rows": "All figures by period",
    # chart
    "chart.measure": "Figure",
    "chart.as_table": "As a table",
    "chart.period": "Period",
    "chart.incomplete": "incomplete",
    "chart.incomplete.note": "Paler: the data do not reach to the end of that period.",
    "chart.alt.traffic": "Heatmap of {measure} by weekday and hour, {days}. Most: {weekday}, {hour}, {highest}.",
    "chart.no_value": "No value in this period.",
    "chart.unit.s": "seconds",
    "chart.unit.min": "minutes",
    "chart.unit.h": "hours",
    "chart.unit.d": "days",
    "chart.before": "the period before",
    "chart.behind": "Select a bar or point to see its conversations.",
    "chart.alt": "{measure} over time, {days}. Highest {highest}, lowest {lowest}. The same as a table below.",
    "chart.best": "The best come first.",
    "chart.most": "The most come first.",
    "chart.most_of": "Over time: the {count} with the most conversations",
    "chart.name": "Name",
    "chart.count": "n",
    "chart.change": "Change",
    "chart.share": "Share",
    "chart.more": "{count} more are in the table.",
    # sources
    "sources.inbox": "An agent",
    "sources.flow": "An automated flow",
    "sources.inbound": "The customer",
    "sources.other": "Other",
    # ratings
    "ratings.none": "No conversation of this period has a rating.",
    "ratings.other_scale": (
        "The distribution is kept for scales from 1 to 5 only; scores here go from {worst} to {best}."
    ),
    # traffic
    "traffic.weekday": "Weekday",
    "traffic.hour": "Hour",
    "traffic.clock": "Local time of the account.",
    # table
    "table.shown": "{shown} of {all} shown; the table and its CSV hold all.",
    "table.unassigned": "(unassigned)",
    "table.unnamed": "{id} (no name)",
    "table.untagged": "(untagged)",
    "table.overlap": "Shares overlap: a conversation counts in each of its tags.",
    "table.csv": "CSV",
    "table.xlsx": "Excel",
    "table.download": "Download {table}",
    "table.account": "Account",
    # definition
    "definition.share_of_agent": "Conversations assigned to the agent, as a share of all conversations of the period.",
    "definition.name": "The name.",
    # details
    "details.search": "Search",
    "details.search.help": (
        "All words must be found: in the key, contact, phone, agent, tags, channel, team or comment."
    ),
    "details.search.placeholder": "Name, number, tag …",
    "details.page": "Page (of {pages})",
    "details.previous": "Previous page",
    "details.next": "Next page",
    "details.count.one": "{count} conversation",
    "details.count.many": "{count} conversations",
    "details.rows": "rows {first}–{last}",
    "details.before": "{days}: {count} ({change}).",
    "details.open": "Conversation",
    "details.close": "Back to the list",
    "details.unknown": "There is no conversation {key} in this release.",
    "details.none_found": "No conversation matches.",
    "details.timeline": "Timeline",
    "details.facts": "Facts",
    "details.clock": "Local time of the account ({timezone}).",
    "details.after": "{wait} later",
    "details.same_time": "at the same time",
    "details.observed": "Times of this conversation are exact only to the polling interval.",
    "details.submit": "Search",
    "details.narrowed": "Only these",
    "details.narrowed.responder": "First response by {agent}",
    "details.narrowed.hour": "Started on {weekday}, {hours}",
    "details.narrowed.weekday": "Started on {weekday}",
    "details.source_url": "Open in its own system",
    "details.pages": "Further rows",
    "details.first": "First page",
    "details.last": "Last page",
    "details.page_of": "Page {page} of {pages}",
    # event
    "event.started_at": "Started",
    "event.first_inbound_at": "First message of the customer",
    "event.first_response_at": "First response",
    "event.closed_at": "Closed",
    "event.last_message_at": "Last message",
    "event.rated_at": "Rated",
    # statuses
    "statuses.new": "New",
    "statuses.in_flow": "In a flow",
    "statuses.in_progress": "In progress",
    "statuses.closed": "Closed",
    "statuses.other": "Other",
    # named
    "named": "{name}: {value}",
    # yes
    "yes": "Yes",
    # no
    "no": "No",
    # column
    "column.period": "Period",
    "column.agent_name": "Agent",
    "column.source_system": "Source system",
    "column.tag": "Tag",
    "column.share_of_conversations": "Share of conversations",
    "column.conversations": "Conversations",
    "column.conversations_inbox": "Opened by an agent",
    "column.conversations_flow": "Opened by a flow",
    "column.conversations_inbound": "Opened by the customer",
    "column.conversations_other": "Opened otherwise",
    "column.distinct_contacts": "Contacts",
    "column.messages": "Messages",
    "column.messages_inbound": "Messages in",
    "column.messages_outbound": "Messages out",
    "column.messages_human": "Human replies",
    "column.messages_failed": "Failed messages",
    "column.conversations_answered": "Answered",
    "column.conversations_unanswered": "Unanswered",
    "column.conversations_closed": "Closed",
    "column.reopens": "Reopenings",
    "column.avg_first_response_seconds": "First response, average",
    "column.median_first_response_seconds": "First response, median",
    "column.p90_first_response_seconds": "First response, 90th pct.",
    "column.avg_first_response_business_seconds": "First response in working hours, average",
    "column.median_first_response_business_seconds": "First response in working hours, median",
    "column.p90_first_response_business_seconds": "First response in working hours, 90th pct.",
    "column.avg_duration_seconds": "Duration, average",
    "column.median_duration_seconds": "Duration, median",
    "column.p90_duration_seconds": "Duration, 90th pct.",
    "column.avg_duration_business_seconds": "Duration in working hours, average",
    "column.median_duration_business_seconds": "Duration in working hours, median",
    "column.p90_duration_business_seconds": "Duration in working hours, 90th pct.",
    "column.replies": "Replies",
    "column.avg_reply_seconds": "Reply time, average",
    "column.surveys": "Surveys",
    "column.ratings": "Ratings",
    "column.avg_rating": "Rating, average",
    "column.rating_1": "Rated 1",
    "column.rating_2": "Rated 2",
    "column.rating_3": "Rated 3",
    "column.rating_4": "Rated 4",
    "column.rating_5": "Rated 5",
    "column.ratings_satisfied": "Satisfied",
    "column.csat_percent": "CSAT",
    "column.survey_response_percent": "Survey response rate",
    "column.conversation_id": "Conversation",
    "column.contact_name": "Contact",
    "column.contact_phone": "Phone",
    "column.channel": "Channel",
    "column.team": "Team",
    "column.status": "Status",
    "column.source": "Opened by",
    "column.conversation_tags": "Tags",
    "column.contact_tags": "Contact tags",
    "column.started_at": "Started",
    "column.started_in_working_hours": "In working hours",
    "column.first_response_seconds": "First response time",
    "column.first_response_business_seconds": "First response in working hours",
    "column.duration_seconds": "Duration",
    "column.duration_business_seconds": "Duration in working hours",
    "column.closed_at": "Closed at",
    "column.last_message_at": "Last message at",
    "column.is_answered": "Answered",
    "column.is_surveyed": "Survey sent",
    "column.rating": "Rating",
    "column.rating_comment": "Comment",
    "column.conversations_reopened": "Reopened",
    "column.name": "Name",
    "column.account_id": "Account",
    # skip
    "skip": "Skip to the figures",
    # updated
    "updated": "The page shows the new choice.",
    # navigation
    "navigation": "Pages",
    # filters
    "filters": "Filters",
    # working_hours
    "working_hours.all": "At any time",
    "working_hours.inside": "In working hours",
    "working_hours.outside": "Outside working hours",
    # answered
    "answered.all": "Yes or no",
    "answered.yes": "Yes",
    "answered.no": "No",
    # rated
    "rated.all": "Yes or no",
    "rated.yes": "Yes",
    "rated.no": "No",
    # teams
    "teams.(no team)": "(no team)",
    # channels
    "channels.(no channel)": "(no channel)",
    # conversation_tags
    "conversation_tags.(untagged)": "(untagged)",
    # agents
    "agents.(unassigned)": "(unassigned)",
    # clock
    "clock": "Time counted",
    "clock.auto": "As the account works",
    "clock.working": "Working hours",
    "clock.all": "All hours",
    "clock.note.working": "First response and duration count working hours only, reply time all hours.",
    "clock.note.all": "Times count nights and weekends too.",
    # statistic
    "statistic": "Statistic",
    "statistic.median": "Median",
    "statistic.avg": "Average",
    "statistic.p90": "90th percentile",
    # whom
    "whom.note": (
        "All accounts together: counts are sums, times are averages. A median or a mean rating of several"
        " accounts has no meaning; the table below shows each account."
    ),
    # warning
    "warning.hours_late": (
        "Some data are late: a source has not delivered for longer than expected. The newest days may be missing."
    ),
    "warning.quarantined_share": (
        "A source delivered more malformed records than usual. They are kept out of the figures until they"
        " are delivered again."
    ),
    "warning.orphans": (
        "Some messages, events or ratings came without their conversation. They count as soon as it arrives."
    ),
    "warning.hours_old": (
        "A source says that its data come from the future: its clock is wrong, and so may be its newest days."
    ),
    "warning.restated_share": "A source changed more of its past data than usual. Figures of past days may move.",
    "warning.rows": "A report has no row at all.",
    "warning.other": "Something else is worth a look: ask whoever runs causerie about “{suite}”.",
    "warning.detail": "In the words of the audit",
    # count
    "count.distinct_contacts.one": "{count} contact",
    "count.distinct_contacts.many": "{count} contacts",
    "count.conversations.one": "of {count} conversation",
    "count.conversations.many": "of {count} conversations",
    "count.first_response_count.one": "from {count} conversation",
    "count.first_response_count.many": "from {count} conversations",
    "count.first_response_business_count.one": "from {count} conversation",
    "count.first_response_business_count.many": "from {count} conversations",
    "count.duration_count.one": "from {count} conversation",
    "count.duration_count.many": "from {count} conversations",
    "count.duration_business_count.one": "from {count} conversation",
    "count.duration_business_count.many": "from {count} conversations",
    "count.replies.one": "from {count} reply",
    "count.replies.many": "from {count} replies",
    "count.ratings.one": "from {count} rating",
    "count.ratings.many": "from {count} ratings",
    # judged
    "judged.better": "better",
    "judged.worse": "worse",
    # help
    "help": "What is “{name}”?",
    # see
    "see": "Show the conversations behind {name}",
    # groups
    "groups.by-agent": "Agent",
    "groups.by-tag": "Tag",
    "groups.by-agent.note": (
        "Conversations count for the agent they are assigned to; first responses and replies for the agent"
        " who gave them."
    ),
    "groups.by-tag.note": "Shares overlap: a conversation counts in each of its tags.",
    # only
    "only.closed": "closed",
    "only.answered": "answered by a person",
    "only.unanswered": "unanswered",
    "only.reopened": "reopened",
    "only.responded": "with a first response",
    "only.responded_in_hours": "with a first response, timed in working hours",
    "only.replied": "with a reply",
    "only.ended": "with a duration",
    "only.ended_in_hours": "with a duration, timed in working hours",
    "only.surveyed": "whose customer was asked for a rating",
    "only.rated": "with a rating",
    "only.satisfied": "with a satisfied rating",
    "only.failed": "with a failed message",
    "only.inbox": "opened by an agent",
    "only.flow": "opened by a flow",
    "only.inbound": "opened by the customer",
    "only.other": "opened otherwise",
    "only.rating_1": "rated 1",
    "only.rating_2": "rated 2",
    "only.rating_3": "rated 3",
    "only.rating_4": "rated 4",
    "only.rating_5": "rated 5",
}
