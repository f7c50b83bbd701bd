"""The starter `causerie.toml`: one drop folder, and everything else that can be set, with its default or commented out.

Here: its text. Not here: what the keys mean in full (``docs/configuration.md``, ``docs/sources.md``). Lines that begin
with `#` and no blank are keys to be used.
"""

from __future__ import annotations

STARTER = """\
# Accounts, their rules and the sources that are read. Paths are relative to this file.
# Check what a drop folder holds:  causerie check my_export
# Build and publish the reports:   causerie run
# All keys: docs/configuration.md, docs/sources.md
home = "var"                        # landing, raw, builds and releases live here

[privacy]
contact_phone = "masked"            # or "plain"

# --- accounts: whoever reads reports of their own ---

[[accounts]]
id = "my_account"
timezone = "Europe/Paris"           # an IANA name: days, weeks and the like are this zone's
week_start = "monday"
rating_scale = [1, 5]               # from worst to best

[[accounts.working_hours]]          # blocks add up, so that weekdays and Saturday may differ
days = ["mon", "tue", "wed", "thu", "fri"]
spans = ["09:00-12:00", "14:00-18:00"]

#[[accounts.working_hours]]         # from this day on, these replace all earlier blocks
#valid_from = 2027-01-01
#days = ["mon", "tue", "wed", "thu", "fri", "sat"]
#spans = ["09:00-17:00"]

#[[accounts.holidays]]
#date = 2026-12-25
#spans = []                         # closed; or other hours

#[[accounts.targets]]               # what "by-target" counts as met or missed
#name = "first answer"
#measure = "first_response"         # first_response, reply or resolution
#within = "30m"                     # s, m, h or d
#in = "working_hours"               # or "all"

# --- sources: where conversations come from ---

[[sources]]                         # a folder of batches that any system can write: docs/export-format.md
name = "my_export"
kind = "export"
account = "my_account"
path = "drop"
#known_words = { sender_type = ["integration"], event_type = ["snoozed"] }  # words that are meant, though not followed
#no_agents = true                   # that outbound messages never have an agent is meant

#[[sources]]                        # files as a helpdesk writes them: "causerie map dumps" proposes the mapping
#name = "my_helpdesk"
#kind = "files"
#account = "my_account"
#path = "dumps"
#[sources.conversations]
#files = "tickets*.csv"
#columns = { conversation_id = "Ticket ID", contact_id = "Requester", agent_id = "Assignee" }
#started_at = { column = "Created", format = "%d/%m/%Y %H:%M", timezone = "Europe/Paris" }

#[[sources]]
#name = "my_chatwoot"
#kind = "chatwoot"
#account = "my_account"
#base_url = "https://chat.example.org"
#account_id = 1                     # the number in the addresses of the installation
#token_env = "MY_CHATWOOT_TOKEN"    # the environment variable that holds an administrator's access token

#[[sources]]
#name = "my_activecampaign"
#kind = "activecampaign"
#account = "my_account"
#base_url = "https://example.api-us1.com/api/3/channel/whatsapp"
#token_env = "MY_ACTIVECAMPAIGN_TOKEN"

#[[sources]]
#name = "my_whatsapp"
#kind = "meta_webhooks"
#account = "my_account"
#path = "webhooks"                  # archived payloads: *.ndjson and *.ndjson.gz

# --- limits: a batch is refused past both its share and its rows; these are the defaults ---

[quality]
quarantine_share = 0.01             # malformed rows of one entity
quarantine_rows = 10
restated_share = 0.01               # known records that come with another start
restated_rows = 10
unknown_share = 0.01                # messages with an unknown sender_type or origin
unknown_rows = 10
orphan_share = 0.2                  # rows that belong to no conversation
orphan_rows = 10
earliest = 2000-01-01T00:00:00Z     # an instant before it is not believed
shrink_share = 0.2                  # rows that a mart has lost since the release before: the build is refused
shrink_rows = 100
stale_after_hours = 48              # older data is a warning

# --- who is told when something needs attention, and when it is over: docs/alerts.md ---

#[[alerts]]
#name = "team"
#kind = "webhook"                   # or email, command; try them: causerie alert --test
#url_env = "MY_ALERT_URL"           # the environment variable that holds its address

#[ping]                             # asked after each good run, so that somebody notices when none comes
#url_env = "MY_PING_URL"

#[schedule]                         # for Dagster
#cron = "15 3 * * *"
#timezone = "Europe/Paris"
"""
