"""The configuration: what is refused, with which words, and what is taken as it stands."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingestion.settings import Settings, SettingsError, load_settings
from tests.drops import toml, write_config

HOUR = 3600


def account(**values: object) -> dict[str, object]:
    return {"id": "acme", "timezone": "Europe/Paris", **values}


def source(**values: object) -> dict[str, object]:
    return {"name": "acme_export", "kind": "export", "account": "acme", "path": "drop", **values}


def hours(*spans: object, days: tuple[str, ...] = ("mon",), **values: object) -> dict[str, object]:
    return {"days": days, "spans": spans, **values}


def holiday(*spans: object, day: date = date(2026, 5, 14), **values: object) -> dict[str, object]:
    return {"date": day, "spans": spans, **values}


def load(folder: Path, **sections: object) -> Settings:
    return load_settings(write_config(folder, **sections))  # type: ignore[arg-type]


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    message = str(caught.value)
    assert all(line.startswith(str(path)) for line in message.splitlines()), "every line names the file"
    return message


def test_the_configuration_of_the_contract_page(tmp_path: Path) -> None:
    path = tmp_path / "causerie.toml"
    path.write_text(
        """
home = "var"                        # relative to this file; landing, raw, builds and releases live here

[privacy]
contact_phone = "masked"            # or "plain"

[[accounts]]
id = "acme"
timezone = "Europe/Paris"
week_start = "monday"
rating_scale = [1, 5]

[[accounts.working_hours]]          # several blocks: history, by valid_from
valid_from = 2025-01-01             # optional
days = ["mon", "tue", "wed", "thu", "fri"]
spans = ["09:00-12:00", "14:00-18:00"]

[[accounts.holidays]]
date = 2026-05-14
spans = []                          # closed; or other hours

[[sources]]
name = "acme_export"
kind = "export"
account = "acme"
path = "drop"

[quality]
quarantine_share = 0.01
quarantine_rows = 10
restated_share = 0.01
restated_rows = 10
""",
        encoding="utf-8",
    )
    settings = load_settings(path)
    (acme,) = settings.accounts
    assert (acme.id, acme.timezone, acme.week_start, acme.rating_scale) == ("acme", "Europe/Paris", "monday", (1, 5))
    (block,) = acme.working_hours
    assert block.valid_from == date(2025, 1, 1)
    assert block.spans == [(9 * HOUR, 12 * HOUR), (14 * HOUR, 18 * HOUR)]
    assert [(day.date, day.spans) for day in acme.holidays] == [(date(2026, 5, 14), [])]
    assert settings.account_of(settings.sources[0]) == acme


def test_what_may_be_left_out_has_the_values_of_the_contract(tmp_path: Path) -> None:
    settings = load(tmp_path)
    (acme,) = settings.accounts
    assert (acme.week_start, acme.rating_scale) == ("monday", (1, 5))
    assert acme.working_hours == []
    assert acme.holidays == []
    assert settings.privacy.contact_phone == "masked"
    quality = settings.quality
    assert (quality.quarantine_share, quality.quarantine_rows) == (0.01, 10)
    assert (quality.restated_share, quality.restated_rows) == (0.01, 10)


# --- the file itself


def test_a_missing_file_says_how_to_name_or_make_one(tmp_path: Path) -> None:
    message = refusal(tmp_path / "causerie.toml")
    assert "no such configuration file" in message
    assert "--config" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"home = \n", ["not valid TOML", "line 1"], id="no value"),
        pytest.param(b'home = "a"\nhome = "b"\n', ["not valid TOML"], id="a key twice"),
        pytest.param(b'home = "\xff"\n', ["cannot be read", "utf-8"], id="not UTF-8"),
        pytest.param(
            b"",
            ["home: this key is required", "accounts: this key is required", "sources: this key is required"],
            id="empty",
        ),
        pytest.param(
            b"home = 'a'\naccounts = []\nsources = []",
            ["accounts: List should have at least 1 item", "sources: List should have at least 1 item"],
            id="nothing in it",
        ),
        pytest.param(b"home = 'a'\naccounts = 1\nsources = 'b'", ["accounts: ", "sources: "], id="no tables"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = tmp_path / "causerie.toml"
    path.write_bytes(content)
    message = refusal(path)
    assert all(word in message for word in words), message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path)


# --- keys and values


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        pytest.param({"extra": "[nope]\na = 1"}, "nope", id="top"),
        pytest.param({"accounts": [account(nope=1)]}, "accounts[0].nope", id="account"),
        pytest.param({"accounts": [account(), account(id="beta", nope=1)]}, "accounts[1].nope", id="second account"),
        pytest.param(
            {"accounts": [account(working_hours=[hours(nope=1)])]}, "accounts[0].working_hours[0].nope", id="hours"
        ),
        pytest.param({"accounts": [account(holidays=[holiday(nope=1)])]}, "accounts[0].holidays[0].nope", id="holiday"),
        pytest.param({"sources": [source(nope=1)]}, "sources[0].nope", id="source"),
        pytest.param({"extra": "[privacy]\nnope = 1"}, "privacy.nope", id="privacy"),
        pytest.param({"extra": "[quality]\nquarantine_shares = 1"}, "quality.quarantine_shares", id="quality"),
        pytest.param({"extra": "[schedule]\ncron = '0 1 * * *'\nnope = 1"}, "schedule.nope", id="schedule"),
        pytest.param({"extra": "[resources]\nnope = 1"}, "resources.nope", id="resources"),
    ],
)
def test_an_unknown_key_is_named_at_every_level(tmp_path: Path, sections: dict[str, object], key: str) -> None:
    message = refusal(write_config(tmp_path, **sections))  # type: ignore[arg-type]
    assert f": {key}: unknown key; remove it or correct its spelling" in message


@pytest.mark.parametrize(
    "zone",
    ["Mars/Olympus", "", "Europe", "europe/paris", "Europe/Paris ", "+01:00", "../UTC", "/etc/passwd"],
)
def test_an_unknown_time_zone_is_refused(tmp_path: Path, zone: str) -> None:
    message = refusal(write_config(tmp_path, accounts=[account(timezone=zone)]))
    assert f"accounts[0].timezone: unknown time zone '{zone}'; use an IANA name" in message


@pytest.mark.parametrize("zone", ["localtime", "posix/Europe/Paris", "right/Europe/Paris"])
def test_a_zone_that_only_the_system_knows_is_no_iana_name(tmp_path: Path, zone: str) -> None:
    """DuckDB does not know these: they would fail in the middle of a build."""
    assert "unknown time zone" in refusal(write_config(tmp_path, accounts=[account(timezone=zone)]))


@pytest.mark.parametrize(
    ("sections", "key", "words"),
    [
        pytest.param({"accounts": [{"id": "acme"}]}, "accounts[0].timezone", "is required", id="no zone"),
        pytest.param({"accounts": [account(id="")]}, "accounts[0].id", "at least 1 character", id="empty id"),
        pytest.param({"accounts": [account(id=1)]}, "accounts[0].id", "string", id="id is a number"),
        pytest.param({"accounts": [account(week_start="mon")]}, "accounts[0].week_start", "'monday'", id="week start"),
        pytest.param(
            {"accounts": [account(rating_scale=[5, 1])]},
            "accounts[0]",
            "rating_scale goes from worst to best, not [5, 1]",
            id="scale upside down",
        ),
        pytest.param({"accounts": [account(rating_scale=[3, 3])]}, "accounts[0]", "rating_scale", id="scale of one"),
        pytest.param({"accounts": [account(rating_scale=[1])]}, "accounts[0].rating_scale", "", id="scale without end"),
        pytest.param({"accounts": [account(rating_scale=[1, 3, 5])]}, "accounts[0].rating_scale", "", id="three ends"),
        pytest.param({"accounts": [account(rating_scale=[1.5, 5])]}, "accounts[0].rating_scale", "", id="half a point"),
        pytest.param({"sources": [source(kind="ftp")]}, "sources[0].kind", "'export'", id="unknown kind"),
        pytest.param({"sources": [source(name="a/b")]}, "sources[0].name", "use letters", id="name is no folder name"),
        pytest.param(
            {"sources": [source(), source(name="second", account="beta")]},
            "sources[1].account",
            "no account 'beta'; the accounts are acme",
            id="unknown account",
        ),
        pytest.param(
            {"extra": '[privacy]\ncontact_phone = "all"'}, "privacy.contact_phone", "'masked' or 'plain'", id="privacy"
        ),
        pytest.param(
            {"extra": "[quality]\nquarantine_share = 1.5"}, "quality.quarantine_share", "less than", id="share above 1"
        ),
        pytest.param(
            {"extra": "[quality]\nrestated_share = nan"}, "quality.restated_share", "", id="share is no number"
        ),
        pytest.param(
            {"extra": "[quality]\nquarantine_rows = -1"}, "quality.quarantine_rows", "greater than", id="negative rows"
        ),
        pytest.param({"extra": "[quality]\nrestated_rows = 0.5"}, "quality.restated_rows", "integer", id="half a row"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key(
    tmp_path: Path, sections: dict[str, object], key: str, words: str
) -> None:
    path = write_config(tmp_path, **{"sources": [source()], **sections})  # type: ignore[arg-type]
    message = refusal(path)
    assert f"{path}: {key}" in message
    assert words in message


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        pytest.param({"accounts": [account(), account()]}, "accounts: the id 'acme'", id="account"),
        pytest.param({"sources": [source(), source(path="other")]}, "sources: the name 'acme_export'", id="source"),
        pytest.param(
            {"sources": [source(), source(name="ACME_export", path="other")]},
            "sources: the name 'acme_export'",
            id="source in capitals",  # a name is a folder too, and some disks ignore case
        ),
        pytest.param(
            {"sources": [source(), source(name="acme-export", path="other")]},
            "sources: with '-' as '_' the name 'acme_export'",
            id="source with another dash",
        ),
        pytest.param(
            {"accounts": [account(holidays=[holiday(), holiday("09:00-12:00")])]},
            "holidays: the date '2026-05-14'",
            id="holiday",
        ),
    ],
)
def test_what_stands_twice_is_refused(tmp_path: Path, sections: dict[str, object], words: str) -> None:
    message = refusal(write_config(tmp_path, **sections))  # type: ignore[arg-type]
    assert f"{words} occurs 2 times; keep one" in message


def test_every_mistake_has_its_line(tmp_path: Path) -> None:
    path = write_config(tmp_path, accounts=[account(timezone="Nowhere", nope=1)], sources=[source(kind="ftp")])
    assert len(refusal(path).splitlines()) == 3


# --- targets


def target(**values: object) -> dict[str, object]:
    return {"name": "first answer", "measure": "first_response", "within": "30m", **values}


@pytest.mark.parametrize(
    ("within", "seconds"),
    [
        pytest.param("45s", 45, id="seconds"),
        pytest.param("30m", 1800, id="minutes"),
        pytest.param(" 4h ", 4 * HOUR, id="hours"),
        pytest.param("3d", 72 * HOUR, id="days"),
    ],
)
def test_a_target(tmp_path: Path, within: str, seconds: int) -> None:
    values = {"in": "working_hours", "teams": [" Support "], "tags": ["vip", "vip"], "valid_from": date(2026, 1, 1)}
    settings = load(
        tmp_path,
        accounts=[
            account(
                working_hours=[hours("09:00-12:00")],
                targets=[target(within=within), target(name=" solved ", **values), target(**values)],
            )
        ],
    )
    first, second, third = settings.accounts[0].targets
    assert (first.name, first.measure, first.within, first.counted_in) == (
        *("first answer", "first_response", seconds),
        "all",
    )
    assert (first.scope, first.valid_from) == ([], None)
    assert (second.name, second.counted_in, second.valid_from) == ("solved", "working_hours", date(2026, 1, 1))
    assert second.scope == [("team", "Support"), ("tag", "vip")]
    assert third.name == first.name, "another valid_from is another version"


@pytest.mark.parametrize(
    ("targets", "key", "words"),
    [
        pytest.param(
            [target(measure="duration")], "[0].measure", "'first_response', 'reply' or 'resolution'", id="measure"
        ),
        *(
            pytest.param([target(within=within)], "[0].within", "write a whole number and s, m, h or d", id=f"{within}")
            for within in ("30", "1.5h", "-1m", "h", "2w", "30 m", "", 30)
        ),
        pytest.param([target(within="0m")], "[0].within", "'0m' leaves no time at all; write at least '1s'", id="zero"),
        pytest.param([target(**{"in": "office"})], "[0].in", "'working_hours' or 'all'", id="in"),
        pytest.param([target(name=" ")], "[0].name", "at least 1 character", id="empty name"),
        *(
            pytest.param([target(**{lists: []})], f"[0].{lists}", "an empty list matches no conversation", id=lists)
            for lists in ("teams", "channels", "tags")
        ),
        pytest.param([target(teams=["Sales", ""])], "[0].teams[1]", "at least 1 character", id="empty team"),
        pytest.param([target(valid_from="soon")], "[0].valid_from", "date", id="valid_from"),
        pytest.param([target(nope=1)], "[0].nope", "unknown key", id="unknown key"),
        pytest.param([{"name": "a", "within": "1h"}], "[0].measure", "this key is required", id="no measure"),
    ],
)
def test_a_wrong_target_is_refused_with_its_key(
    tmp_path: Path, targets: list[dict[str, object]], key: str, words: str
) -> None:
    message = refusal(write_config(tmp_path, accounts=[account(targets=targets)]))
    assert f"accounts[0].targets{key}: " in message
    assert words in message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({}, "targets: the name 'first answer' occurs 2 times; keep one", id="for ever"),
        pytest.param(
            {"valid_from": date(2026, 1, 1)},
            "targets from 2026-01-01: the name 'first answer' occurs 2",
            id="from a day",
        ),
    ],
)
def test_two_targets_of_one_name_and_date_are_refused(tmp_path: Path, values: dict[str, object], words: str) -> None:
    targets = [target(**values), target(within="1h", **values)]
    assert words in refusal(write_config(tmp_path, accounts=[account(targets=targets)]))


def test_a_target_in_working_hours_needs_some(tmp_path: Path) -> None:
    targets = [target(), target(name="b", **{"in": "working_hours"})]
    message = refusal(write_config(tmp_path, accounts=[account(targets=targets)]))
    assert "accounts[0]: targets[1].in: the account has no working hours; add [[accounts.working_hours]]" in message


# --- schedules


@pytest.mark.parametrize(
    ("span", "words"),
    [
        pytest.param("12:00-09:00", "ends before it starts", id="end before start"),
        pytest.param("09:00-09:00", "ends before it starts", id="empty"),
        pytest.param("22:00-02:00", "up to 24:00", id="past midnight"),
        pytest.param("09:00-24:01", "00:00 to 24:00", id="after 24:00"),
        pytest.param("24:00-24:00", "00:00 to 24:00", id="starts at 24:00"),
        pytest.param("25:00-26:00", "00:00 to 24:00", id="hour 25"),
        pytest.param("09:60-10:00", "00:00 to 24:00", id="minute 60"),
        pytest.param("9:00-12:00", "write it as '09:00-12:00'", id="one digit"),
        pytest.param("09:00", "write it as '09:00-12:00'", id="one end"),
        pytest.param("", "write it as '09:00-12:00'", id="nothing"),
        pytest.param([9, 12], "write it as '09:00-12:00'", id="numbers"),
        pytest.param([64800, 32400], "write it as '09:00-12:00'", id="seconds, upside down"),
    ],
)
@pytest.mark.parametrize("where", ["working_hours", "holidays"])
def test_a_span_that_is_none_is_refused(tmp_path: Path, where: str, span: object, words: str) -> None:
    block = hours("01:00-02:00", span) if where == "working_hours" else holiday("01:00-02:00", span)
    message = refusal(write_config(tmp_path, accounts=[account(**{where: [block]})]))
    assert f"accounts[0].{where}[0].spans[1]: " in message
    assert words in message


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        pytest.param("00:00-24:00", (0, 24 * HOUR), id="the whole day"),
        pytest.param("22:30-24:00", (22 * HOUR + 1800, 24 * HOUR), id="until midnight"),
        pytest.param(" 09:00-12:00 ", (9 * HOUR, 12 * HOUR), id="blanks"),
    ],
)
def test_a_span_may_end_at_24(tmp_path: Path, span: str, seconds: tuple[int, int]) -> None:
    settings = load(tmp_path, accounts=[account(working_hours=[hours(span)], holidays=[holiday(span)])])
    assert settings.accounts[0].working_hours[0].spans == [seconds]
    assert settings.accounts[0].holidays[0].spans == [seconds]


@pytest.mark.parametrize("day", ["monday", "Mon", "", "day"])
def test_an_unknown_day_is_refused(tmp_path: Path, day: str) -> None:
    message = refusal(write_config(tmp_path, accounts=[account(working_hours=[hours(days=("tue", day))])]))
    assert f"accounts[0].working_hours[0].days[1]: unknown day '{day}'; days are mon, tue" in message


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param([hours("09:00-12:00", "11:00-13:00")], id="one block"),
        pytest.param([hours("11:00-13:00", "09:00-12:00")], id="out of order"),
        pytest.param([hours("08:00-18:00", "09:00-10:00")], id="one inside the other"),
        pytest.param([hours("09:00-12:00", "09:00-12:00")], id="the same twice"),
        pytest.param([hours("09:00-12:00"), hours("11:00-13:00")], id="two blocks without a date"),
        pytest.param(
            [
                hours("09:00-12:00", days=("mon", "tue"), valid_from=date(2025, 1, 1)),
                hours("08:00-09:00"),
                hours("11:59-13:00", days=("tue",), valid_from=date(2025, 1, 1)),
            ],
            id="two blocks of one date",
        ),
    ],
)
def test_overlapping_spans_of_working_hours_are_refused(tmp_path: Path, blocks: list[object]) -> None:
    message = refusal(write_config(tmp_path, accounts=[account(id="a"), account(working_hours=blocks)]))
    assert "accounts[1]: overlapping spans in working_hours on " in message
    assert "; join them or move one" in message


def test_overlapping_spans_of_a_holiday_are_refused(tmp_path: Path) -> None:
    path = write_config(tmp_path, accounts=[account(holidays=[holiday("09:00-12:00", "11:00-13:00")])])
    assert "accounts[0].holidays[0]: overlapping spans on 2026-05-14: 09:00-12:00 and 11:00-13:00" in refusal(path)


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param([hours("09:00-12:00", "12:00-13:00")], id="touching"),
        pytest.param([hours("09:00-12:00"), hours("11:00-13:00", days=("tue",))], id="other days"),
        pytest.param([hours("09:00-12:00"), hours("11:00-13:00", valid_from=date(2025, 1, 1))], id="other dates"),
        pytest.param([hours("09:00-12:00", days=("mon", "tue", "mon"))], id="a day twice in a block"),
        pytest.param([hours()], id="no span"),
    ],
)
def test_what_does_not_overlap_is_taken(tmp_path: Path, blocks: list[object]) -> None:
    assert load(tmp_path, accounts=[account(working_hours=blocks)]).accounts[0].working_hours


# --- paths


def test_relative_paths_resolve_against_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_config(tmp_path / "conf", sources=[source(path="../inbox/drop")])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    settings = load_settings(path)
    assert settings.home == tmp_path / "conf" / "var"
    assert settings.sources[0].path.resolve() == tmp_path / "inbox" / "drop"

    monkeypatch.chdir(tmp_path)
    settings = load_settings(Path("conf/causerie.toml"))
    assert settings.home == tmp_path / "conf" / "var"
    assert settings.home.is_absolute()


def test_an_extension_is_a_folder_beside_the_file_and_not_of_spark(tmp_path: Path) -> None:
    own = '[extension]\npath = "ours"\n'
    assert load(tmp_path).extension.path is None
    assert load(tmp_path, extra=own).extension.path == tmp_path / "ours"
    assert "extension.path: builds on Spark take no extension" in refusal(write_config(tmp_path, extra=own + SPARK))


def test_absolute_paths_stay(tmp_path: Path) -> None:
    drop = tmp_path / "far" / "drop"
    assert load(tmp_path / "conf", sources=[source(path=str(drop))]).sources[0].path == drop


def test_a_config_is_spelled_as_toml() -> None:
    """The builder of configurations in these tests."""
    assert toml({"a": ["x", 1], "b": date(2026, 5, 14), "c": True}) == '{ a = ["x", 1], b = 2026-05-14, c = true }'


SPARK = '[engine]\nkind = "spark"\n'


@pytest.mark.parametrize(
    ("extra", "key", "words"),
    [
        ('[engine]\nstorage = "x"', "engine", 'write kind = "spark" beside them'),
        ('[engine]\nkind = "sparks"', "engine.kind", "'duckdb' or 'spark'"),
        (SPARK + 'remote = "http://host"', "engine.remote", "^sc://"),
        (SPARK + "conf = { threads = 4 }", "engine.conf.threads", "valid string"),
        (SPARK + '[releases]\ncatalog = "analytics"', "", "releases.catalog: only a Spark Connect server"),
        (SPARK + '[releases]\ncatalog = "a-b"', "releases.catalog", "should match pattern"),
    ],
)
def test_an_engine_that_cannot_be_is_refused(tmp_path: Path, extra: str, key: str, words: str) -> None:
    path = write_config(tmp_path, extra=extra)
    assert refusal(path).startswith(f"{path}: {key}") and words in refusal(path)


def test_the_storage_of_an_engine_is_an_address_or_a_path(tmp_path: Path) -> None:
    assert load(tmp_path).engine.kind == "duckdb"
    assert load(tmp_path, extra=SPARK + 'storage = "a b"').engine.storage == str(tmp_path / "a b")
    assert load(tmp_path, extra=SPARK + 'storage = "s3a://bucket/x"').engine.storage == "s3a://bucket/x"


@pytest.mark.parametrize(
    "address", ["bi.acme.example", "https://", "https://a.example/?x", "https://u:p@a.example", "https://a.example/"]
)
def test_an_address_of_releases_that_links_cannot_begin_with_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match=r"releases\.base_url"):
        load_settings(write_config(tmp_path, extra=f'[releases]\nbase_url = "{address}"\n'))


def one_source(**more: object) -> list[dict[str, object]]:
    return [{"name": "acme_export", "kind": "export", "account": "acme", "path": "drop"} | more]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://desk.example/tickets", "lacks {conversation_id}"),
        ("https://desk.example/{id}/{conversation_id}", "has other names in braces"),
        ("javascript:alert({conversation_id})", "is not an address"),
        ("desk.example/{conversation_id}", "is not an address"),
        ("https://desk.example/{conversation_id}\n", "is not an address"),
        ('https://desk.example/"{conversation_id}', "is not an address"),
        ("https://u:p@desk.example/{conversation_id}", "without a user or a password"),
        ("https://{conversation_id}.example/", "with a fixed host"),
    ],
)
def test_an_address_of_conversations_that_readers_could_not_use_is_refused(
    tmp_path: Path, address: str, words: str
) -> None:
    path = write_config(tmp_path, sources=one_source(conversation_url=address))
    assert refusal(path).startswith(f"{path}: sources[0].conversation_url: ") and words in refusal(path)


def test_the_address_of_conversations_is_that_of_the_configuration(tmp_path: Path) -> None:
    address = "https://desk.example/t?id={conversation_id}"
    assert load(tmp_path, sources=one_source(conversation_url=address)).sources[0].url_of_conversations == address
    assert load(tmp_path, sources=one_source()).sources[0].url_of_conversations is None
    system = {"kind": "chatwoot", "base_url": "https://chat.example", "account_id": 3, "token_env": "TOKEN"}
    sources = [{"name": "cw", "account": "acme"} | system | more for more in ({}, {"conversation_url": address})]
    assert [load(tmp_path, sources=[source]).sources[0].url_of_conversations for source in sources] == [
        "https://chat.example/app/accounts/3/conversations/{conversation_id}",
        address,
    ]
