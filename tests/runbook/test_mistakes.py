"""All mistakes in a runbook are reported at once, each with its place and what to write instead."""

import pickle

import pytest

from bot.domain.errors import Refused
from bot.runbook import Mistake, RunbookMistakes, read
from bot.runbook.report import of_mistakes
from tests.runbook.samples import mistakes_in, text_with

SEVERITY = "severities: [{{id: P1, name: Critical, {}}}]"
CHECK = "health: {{checks: {{c: {{{}}}}}}}"
BACKUP = "backups: {{b: {{postgresql: 'postgresql://db.example.com/b', {}}}}}"
PERSON = "people: {{ada: {{{}}}, ben: {{}}}}"
SCHEDULE = "schedules: {{s: {{people: [ada], {}}}}}"
TIERS = "tiers: {{oncall: {{{}}}, lead: {{who: [ben]}}}}"
MANY = ", ".join(f"a{number}: b" for number in range(21))
STEP = "procedures: {{p: {{steps: [{}]}}}}"
TASK = "maintenance: {{tasks: [{{do: x, {}}}]}}"
RULE = "alerts: {{rules: [{{{}}}]}}"

KEYS = [
    # the text, the mistake's path, a part of its message
    ("organization: Example", "organization", "there is no such key: did you mean organisation?"),
    (SEVERITY.format("escalaton: {}"), "severities[0].escalaton", "did you mean escalation?"),
    (SEVERITY.format("ESCALATION: {}"), "severities[0].ESCALATION", "did you mean escalation?"),  # case matters
    (SEVERITY.format("escalation: {step: []}"), "severities[0].escalation.step", "did you mean steps?"),
    (
        SEVERITY.format("escalation: {steps: [{page: oncall, wiat: 5m}]}"),
        "severities[0].escalation.steps[0].wiat",
        "wait?",
    ),
    (SEVERITY.format("postmortem: {longer_than: 5m, longer: 1}"), "severities[0].postmortem.longer", "longer_than?"),
    (PERSON.format("emial: ada@example.com"), "people.ada.emial", "did you mean email?"),
    (PERSON.format("key: ada"), "people.ada.key", "called by the key it stands under"),  # ours, not the file's
    (
        CHECK.format("tcp: 'a:1', expect: 200"),
        "health.checks.c.expect",
        "choose one of level, declare, procedure, availability, slow, timeout, tcp",
    ),
    (CHECK.format("http: 'https://example.com', xpect: 200"), "health.checks.c.xpect", "did you mean expect?"),
    (BACKUP.format("keeep: 3d"), "backups.b.keeep", "did you mean keep?"),
    ("alerts: {levels: {urgent: [slack]}}", "alerts.levels.urgent", "choose one of critical, high, medium, low"),
    ("checklists: {triag: []}", "checklists.triag", "did you mean triage?"),
    (TASK.format("evry: day, every: day"), "maintenance.tasks[0].evry", "did you mean every?"),
    ("permissions: {backup.restor: [ada, ben]}", "permissions.backup.restor", "did you mean backup.restore?"),
    ("slash_commands: {incidents: /inc}", "slash_commands.incidents", "did you mean incident?"),
    ("people: {'ada obi': {}, ada: {}, ben: {}}", "people.ada obi", "cannot be a key"),
]

NAMES = [
    ("default_severity: P9", "default_severity", "there is no severity “P9”: choose one of P1, P2"),
    (
        SCHEDULE.format("").replace("ada", "adda"),
        "schedules.s.people[0]",
        "there is no person “adda”: did you mean ada?",
    ),
    (TIERS.format("who: [bne]"), "tiers.oncall.who[0]", "there is no person “bne”: did you mean ben?"),
    (TIERS.format("who: [schedule/primary]"), "tiers.oncall.who[0]", "no schedule “primary”: there are none yet"),
    (TIERS.format("who: [tier/lead]"), "tiers.oncall.who[0]", "only people and schedules"),  # so cycles are impossible
    (TIERS.format("who: [team/lead]"), "tiers.oncall.who[0]", "names nobody"),
    (SEVERITY.format("escalation: {steps: [{page: onkall}]}"), "severities[0].escalation.steps[0].page", "oncall?"),
    (SEVERITY.format("tell: [bord]"), "severities[0].tell[0]", "there is no audience “bord”"),
    ("objectives: [{scenario: x, severity: S1}]", "objectives[0].severity", "choose one of P1, P2"),
    (CHECK.format("tcp: 'a:1', declare: P7"), "health.checks.c.declare", "there is no severity “P7”"),
    (RULE.format("declare: P7"), "alerts.rules[0].declare", "there is no severity “P7”"),
    (
        RULE.format("procedure: restart"),
        "alerts.rules[0].procedure",
        "there is no procedure “restart”: there are none yet",
    ),
    ("procedures: {p: {severity: P7, steps: [x]}}", "procedures.p.severity", "there is no severity “P7”"),
    ("permissions: {escalate: [oncall]}", "permissions.escalate[0]", "“oncall” is a tier: write tier/oncall"),
    ("permissions: {escalate: [tier/onkall]}", "permissions.escalate[0]", "did you mean oncall?"),
]

SHAPES = [
    (TIERS.format("who: 5"), "tiers.oncall.who", "should be a list of people and schedules, is a number"),
    (TIERS.format("who: ada"), "tiers.oncall.who", "should be a list of people and schedules, is text"),
    (SEVERITY.format("examples: 5"), "severities[0].examples", "should be a list of texts, is a number"),
    (SEVERITY.format("tell: {a: 1}"), "severities[0].tell", "should be a list of names, is a group of keys"),
    (SEVERITY.format("user_facing: perhaps"), "severities[0].user_facing", "should be true or false, is “perhaps”"),
    (SEVERITY.format("means: 365"), "severities[0].means", "should be text, is a number: put it in quotes"),
    (SEVERITY.format("means: ''"), "severities[0].means", "is empty"),
    (SEVERITY.format("respond_within: [15m]"), "severities[0].respond_within", "a duration such as 15m, is a list"),
    (SEVERITY.format("postmortem: always"), "severities[0].postmortem", "choose one of required, optional"),
    (SEVERITY.format("postmortem: 5"), "severities[0].postmortem", "one of required, optional, is a number"),
    ("people: [ada, ben]", "people", "should be a group of keys, is a list"),
    ("people: {ada: {}, ben: 5}", "people.ben", "should be a group of keys, is a number"),
    ("health: often", "health", "should be a group of keys, is “often”"),
    ("severities: {P1: {name: Critical}}", "severities", "should be a list of severities, is a group of keys"),
    ("organisation: 5", "organisation", "should be text, is a number"),
    ('organisation: "two\\nlines"', "organisation", "should be one line"),
    (CHECK.format("http: 'https://example.com', expect: 2xx"), "health.checks.c.expect", "a whole number, is “2xx”"),
    (SCHEDULE.format("starts: soon"), "schedules.s.starts", "should be a date such as 2026-01-05, is “soon”"),
]

VALUES = [
    ("timezone: Europe/Lodnon", "timezone", "“Europe/Lodnon” is not a time zone: did you mean Europe/London?"),
    ("timezone: ../etc/passwd", "timezone", "is not a time zone"),
    ("timezone: Europe", "timezone", "is not a time zone"),  # a folder of zones
    ("channels: {alerts: Alerts}", "channels.alerts", "say its name in lower case"),
    ("channels: {alerts: '#two words'}", "channels.alerts", "is not a channel"),
    ("channels: {prefix: In C}", "channels.prefix", "cannot begin a channel's name"),
    (PERSON.format("email: ada@example"), "people.ada.email", "is not an email address"),
    (PERSON.format("email: 'Ada <ada@example.com>'"), "people.ada.email", "is not an email address"),
    (PERSON.format('email: "ada@example.com\\nBcc: x@example.com"'), "people.ada.email", "is not an email address"),
    (PERSON.format("phone: '07700 900001'"), "people.ada.phone", "write it with + and the country"),
    (PERSON.format("phone: '+4477009'"), "people.ada.phone", "is not a telephone number"),  # too short for its country
    (PERSON.format("phone: '+999123456789'"), "people.ada.phone", "is not a telephone number"),  # no such country
    (PERSON.format("phone: '+447700900001 ext. 5'"), "people.ada.phone", "is not a telephone number"),
    (PERSON.format("slack: '@ada'"), "people.ada.slack", "is not a Slack member id"),
    (PERSON.format("webhook: example.com/page"), "people.ada.webhook", "an address such as https://example.com/hook"),
    (PERSON.format("webhook: 'ftp://example.com/page'"), "people.ada.webhook", "an address such as"),
    ("people: {tocsin: {}, ada: {}, ben: {}}", "people.tocsin", "the bot itself"),
    (SCHEDULE.format("rotates: 1m"), "schedules.s.rotates", "a shift lasts 5m at least"),
    (SCHEDULE.format("starts: 9999-12-25"), "schedules.s.starts", "between 1970 and 2099"),
    (SCHEDULE.format("starts: 0026-01-05"), "schedules.s.starts", "between 1970 and 2099"),
    (SCHEDULE.format("rotates: wekly"), "schedules.s.rotates", "say daily, weekly or a duration"),
    (SCHEDULE.format("handover: Mon"), "schedules.s.handover", "is not a handover: say for example Mon 09:00"),
    (SCHEDULE.format("handover: Mon 24:00"), "schedules.s.handover", "is not a handover"),
    (SCHEDULE.format("handover: Mun 09:00"), "schedules.s.handover", "is not a handover"),
    (SCHEDULE.format("timezone: Mars"), "schedules.s.timezone", "is not a time zone"),
    ("schedules: {s: {rotates: daily}}", "schedules.s.people", "is missing"),
    ("schedules: {s: {people: []}}", "schedules.s.people", "is empty: name at least one"),
    (TIERS.format("who: [ada], via: [slak]"), "tiers.oncall.via[0]", "did you mean slack?"),
    (TIERS.format("who: [ada], via: []"), "tiers.oncall.via", "is empty"),
    (TIERS.format("who: [ada], via: [sms, sms]"), "tiers.oncall.via[1]", "stands in this list twice"),
    (TIERS.format("who: [ada, ada]"), "tiers.oncall.who[1]", "stands in this list twice"),
    ("severities: [{id: Critical, name: x}]", "severities[0].id", "does not look like a severity: say one such as P1"),
    ("severities: [{id: P1, name: x}, {id: p1, name: y}]", "severities[1].id", "another severity already"),
    ("severities: []", "severities", "is empty"),
    ("tiers: {}", "tiers", "is empty"),
    ("people: {}", "people", "is empty"),
    (SEVERITY.format("respond_within: 30"), "severities[0].respond_within", "“30” has no unit: say 30s, 30m or 30h"),
    (SEVERITY.format("escalation: {unacknowledge: true}"), "severities[0]", "unacknowledge needs an update_every"),
    (SEVERITY.format("respond_within: 0m"), "severities[0].respond_within", "is no time at all"),
    (SEVERITY.format("escalation: {steps: []}"), "severities[0].escalation.steps", "is empty"),
    (SEVERITY.format("escalation: {stops_on: never}"), "severities[0].escalation.stops_on", "acknowledged, resolved"),
    ("roles: [comms]", "roles", "“lead” is missing"),
    ("roles: [lead, lead]", "roles[1]", "stands in this list twice"),
    ("slash_commands: {incident: incident}", "slash_commands.incident", "is not a command: say for example /incident"),
    ("slash_commands: {incident: /health}", "slash_commands.health", "is the command for incident already"),
    ("audiences: {board: {template: x}}", "audiences.board", "where to tell them is missing"),
    ("audiences: {board: {email: [board]}}", "audiences.board.email[0]", "is not an email address"),
    ("audiences: {p: {statuspage: {page: 'https://x'}}}", "audiences.p.statuspage.page", "is not the id of a page"),
    ("audiences: {p: {page: {to: status}}}", "audiences.p.page.to", "is not a whole path"),
    ("audiences: {a: {page: {}}, b: {page: {}}}", "audiences.b.page", "only the page of a is served"),
    ("audiences: {a: {page: {to: /x}}, b: {page: {to: /x/}}}", "audiences.b.page.to", "the page of a is written there"),
    (
        "audiences: {p: {statuspage: {page: a, components: [a b]}}}",
        "audiences.p.statuspage.components",
        "is not the id of a component",
    ),
    (
        "audiences: {p: {statuspage: {page: a, components: {web: down}}}}",
        "audiences.p.statuspage.components.web",
        "degraded_performance",
    ),
    ("audiences: {p: {statuspage: {}}}", "audiences.p.statuspage.page", "is missing"),
    ("audiences: {p: {page: {components: ['Shop, till']}}}", "audiences.p.page.components[0]", "has a comma"),
    (CHECK.format("slow: 2s"), "health.checks.c", "what is checked is missing: add one of http, postgresql"),
    (CHECK.format("http: example.com"), "health.checks.c.http", "should be an address such as https://"),
    (CHECK.format("postgresql: 'mysql://h/d'"), "health.checks.c.postgresql", "an address such as postgresql://"),
    (CHECK.format("mongodb: 'postgresql://h/d'"), "health.checks.c.mongodb", "an address such as mongodb://"),
    (CHECK.format("tcp: cache"), "health.checks.c.tcp", "is not a host with a port: say for example redis:6379"),
    (CHECK.format("tcp: 'cache:0'"), "health.checks.c.tcp", "is not a host with a port"),
    (CHECK.format("tcp: 'cache:65536'"), "health.checks.c.tcp", "is not a host with a port"),
    (CHECK.format("disk: var"), "health.checks.c.disk", "begin it with /"),
    (
        CHECK.format("disk: /, used_below: 80"),
        "health.checks.c.used_below",
        "“80” is not a percentage: say for example 80%",
    ),
    (CHECK.format("disk: /, used_below: 0%"), "health.checks.c.used_below", "out of range"),
    (CHECK.format("disk: /, used_below: 100.1%"), "health.checks.c.used_below", "out of range"),
    (CHECK.format("tcp: 'a:1', level: urgent"), "health.checks.c.level", "choose one of critical, high, medium, low"),
    (CHECK.format("http: 'https://example.com', json: {a: '< many'}"), "health.checks.c.json.a", "not a comparison"),
    (CHECK.format("http: 'https://example.com', expect: 99"), "health.checks.c.expect", "should be at least 100"),
    (CHECK.format("http: 'https://example.com', expect: 600"), "health.checks.c.expect", "should be at most 599"),
    ("health: {fails_after: 0}", "health.fails_after", "should be at least 1"),
    ("backups: {b: {at: '02:00'}}", "backups.b", "what is backed up is missing: add postgresql or mongodb"),
    (BACKUP.format("at: '25:00'"), "backups.b.at", "“25:00” is not a time of day: say for example 09:00"),
    (BACKUP.format("at: '* * * * *'"), "backups.b.at", "is not a time of day"),
    (BACKUP.format("keep: forever"), "backups.b.keep", "is not a duration"),
    (BACKUP.format("to: backups"), "backups.b.to", "begin it with /"),
    (BACKUP.format("to: 's3://key:secret@bucket'"), "backups.b.to", "keys belong in AWS_ACCESS_KEY_ID"),
    (
        CHECK.format("postgresql: 'postgresql://u:half%off@db/b'"),
        "health.checks.c.postgresql",
        "a % has to be written %25",
    ),
    (CHECK.format("mongodb: 'mongodb://u:100%@db/b'"), "health.checks.c.mongodb", "a % has to be written %25"),
    (CHECK.format("postgresql: 'postgresql://db/b?user=a@b'"), "health.checks.c.postgresql", "write @ as %40"),
    (
        CHECK.format("postgresql: 'postgresql://u:a/b@db/b'"),
        "health.checks.c.postgresql",
        "in a password also / as %2F",
    ),
    (CHECK.format("tcp: 'ö..b:1'"), "health.checks.c.tcp", "is not a name of a host"),
    (BACKUP.format("drill: sometimes"), "backups.b.drill", "say daily, weekly, monthly or a duration"),
    (RULE.format("at_least: 5 per hour"), "alerts.rules[0].at_least", "say for example 5 in 1h"),
    (RULE.format("at_least: 0 in 1h"), "alerts.rules[0].at_least", "say for example 5 in 1h"),
    (RULE.format("match: [a]"), "alerts.rules[0].match", "should be a group of keys, is a list"),
    ("alerts: {heartbeats: {job: {}}}", "alerts.heartbeats.job.every", "is missing"),
    ("alerts: {levels: {high: [pigeon]}}", "alerts.levels.high[0]", "choose one of slack, email, webhook"),
    ("procedures: {p: {steps: []}}", "procedures.p.steps", "is empty"),
    (STEP.format("{run: ls}"), "procedures.p.steps[0]", "what to do is missing"),
    (STEP.format("{ask: Sure?}"), "procedures.p.steps[0]", "a question needs answers"),
    (STEP.format("{ask: Sure?, answers: {}}"), "procedures.p.steps[0].answers", "is empty"),
    (STEP.format("{do: x, ask: y, answers: {a: b}}"), "procedures.p.steps[0]", "make two steps of it"),
    (STEP.format("{do: x, answers: {a: b}}"), "procedures.p.steps[0]", "answers belong to a question"),
    (STEP.format("{ask: x, run: ls, answers: {a: b}}"), "procedures.p.steps[0]", "a question has no run"),
    (STEP.format("{ask: x, approve: ada, answers: {a: b}}"), "procedures.p.steps[0]", "a question has no approve"),
    (
        'health: {checks: {a: {tcp: "h:1"}}}\n' + STEP.format("{incident: led, check: a}"),
        "procedures.p.steps[0]",
        "check and incident are in one step",
    ),
    (STEP.format("{incident: led, approve: ada}"), "procedures.p.steps[0]", "put approve into a step of its own"),
    (STEP.format("x, {ask: y, answers: {a: go to step 3}}"), "procedures.p.steps[1].answers.a", "there is no step 3"),
    (STEP.format("{ask: y, answers: {a: step 0}}"), "procedures.p.steps[0].answers.a", "there is no step 0"),
    (STEP.format("{ask: y, answers: {" + MANY + "}}"), "procedures.p.steps[0]", "has 21 answers"),
    (STEP.format("{incident: happy}"), "procedures.p.steps[0].incident", "happy"),
    (STEP.format("{check: nosuch}"), "procedures.p.steps[0].check", "there is no check “nosuch”"),
    (STEP.format("{backup: orders}"), "procedures.p.steps[0].backup", "does not say how young"),
    (STEP.format("{backup: nosuch younger than 1h}"), "procedures.p.steps[0].backup", "there is no backup “nosuch”"),
    (STEP.format("{do: x, approve: tier/nosuch}"), "procedures.p.steps[0].approve", "there is no tier “nosuch”"),
    ("procedures: {p: {review_by: soon, steps: [x]}}", "procedures.p.review_by", "“soon” is not a date"),
    (TASK.format("every: year"), "maintenance.tasks[0].every", "choose one of day, week, month, quarter"),
    (TASK.format("every: week, on: Mun"), "maintenance.tasks[0].on", "is not a day of the week"),
    (TASK.format("every: month, on: 0"), "maintenance.tasks[0].on", "say 1 to 28"),
    (TASK.format("every: month, on: 29"), "maintenance.tasks[0].on", "say 1 to 28"),
    (TASK.format("every: day, on: 1"), "maintenance.tasks[0].on", "only a task of every week, month or quarter"),
    (TASK.format("every: day, proved_by: bakup"), "maintenance.tasks[0].proved_by", "say one of backup, drill"),
    (TASK.format("every: day, proved_by: backup"), "maintenance.tasks[0].proved_by", "there is no backup in this file"),
    (TASK.format("every: day, proved_by: test_page/bob"), "maintenance.tasks[0].proved_by", "there is no person “bob”"),
    (TASK.format("every: day, proved_by: rehearsal/x"), "maintenance.tasks[0].proved_by", "proves nothing"),
    ("permissions: {escalate: []}", "permissions.escalate", "nobody could do this"),
    ("permissions: {backup.restore: [ada]}", "permissions.backup.restore", "a restore needs two people"),
    ("permissions: {backup.restore: [ada, tier/oncall]}", "permissions.backup.restore", "two people"),  # both are ada
    (
        "people: {ada: {name: Ada Obi, slack: U0ADA}, also: {name: Ada, slack: U0ADA}, ben: {name: Ben}}\n"
        "permissions: {backup.restore: [ada, also]}",
        "permissions.backup.restore",
        "two people",
    ),
]


@pytest.mark.parametrize(("part", "path", "said"), [*KEYS, *NAMES, *SHAPES, *VALUES])
def test_a_mistake_says_where_it_is_and_what_to_write(part: str, path: str, said: str) -> None:
    found = mistakes_in(text_with(part))
    assert said in found.get(path, f"nothing at {path}, but {found}")


@pytest.mark.parametrize(("part", "path", "said"), [*KEYS, *NAMES, *SHAPES, *VALUES])
def test_one_mistake_is_one_mistake(part: str, path: str, said: str) -> None:
    """Consequential mistakes aren't reported. (Without people or tiers, everything naming one would be wrong, too.)"""
    found = mistakes_in(text_with(part))
    if path in ("people", "tiers", "severities"):
        found = {path: found[path]}
    assert list(found) == [path]


RIGHT = [
    "channels: {alerts: alerts}",  # the # may be missing
    "channels: {alerts: '#störungen'}",
    PERSON.format("phone: '+44 7700 900001'"),
    PERSON.format("email: a.b+pager@mail.example.com"),
    PERSON.format("email: root@localhost"),
    PERSON.format("slack: W012ABCDE"),
    SCHEDULE.format("rotates: 12h, handover: '08:30'"),
    SCHEDULE.format("handover: monday 9:00"),
    TIERS.format("who: []"),  # a tier nobody is in yet: skipped
    "default_severity: p1",
    "severities: [{id: SEV-1, name: x}]",
    SEVERITY.format("escalation: {repeat: 20}"),
    SEVERITY.format("user_facing: yes"),
    "objectives: [{scenario: x, rpo: 0h}]",
    CHECK.format("disk: /, used_below: 100%"),
    CHECK.format("tls: example.com"),
    CHECK.format("tls: 'bücher.example'"),
    CHECK.format("tcp: 'bücher.example:80'"),
    CHECK.format("http: 'https://bücher.example/'"),
    CHECK.format("postgresql: 'postgresql://u:half%25off@db/b'"),
    CHECK.format("http: 'https://example.com/100%'"),
    CHECK.format("tcp: '[::1]:6379'"),
    CHECK.format("tcp: 'cache:65535'"),
    CHECK.format("postgresql: 'postgres:///app?host=/run/postgresql'"),
    CHECK.format("mongodb: 'mongodb://a:1,b:2/app?replicaSet=r'"),
    CHECK.format("mongodb: 'mongodb+srv://db.example.com/app'"),
    CHECK.format("http: 'https://example.com/@ada?x=a@b'"),
    BACKUP.format("to: 's3://example-bucket'"),
    BACKUP.format("drill: 14d, at: '23:59'"),
    RULE.format("match: {code: 500, live: true, alertname: 'Disk*'}"),
    STEP.format("just a text"),
    TASK.format("every: month, on: 28"),
    TASK.format("every: quarter, on: 1"),
    "permissions: {backup.restore: [ada, tier/lead]}",
    "permissions: {escalate: [tier/oncall]}",
]


@pytest.mark.parametrize("part", RIGHT)
def test_valid_text_is_accepted(part: str) -> None:
    assert mistakes_in(text_with(part)) == {}


@pytest.mark.parametrize("section", ["organisation", "people", "tiers", "severities"])
def test_four_sections_are_required(section: str) -> None:
    text = "\n".join(line for line in text_with().splitlines() if not line.startswith(section))
    assert mistakes_in(text)[section] == "is missing"


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("severities: [{id: P1}]", "severities[0].name"),
        ("severities: [{name: Critical}]", "severities[0].id"),
        ("tiers: {oncall: {name: On-call}, lead: {who: []}}", "tiers.oncall.who"),
    ],
)
def test_few_keys_are_required(part: str, path: str) -> None:
    assert mistakes_in(text_with(part)) == {path: "is missing"}


def test_a_schedule_that_names_itself_is_a_mistake_and_no_infinite_loop() -> None:
    found = mistakes_in(
        text_with("schedules: {s: {people: [schedule/s]}}", "permissions: {backup.restore: [schedule/s]}")
    )
    assert "there is no person “schedule/s”" in found["schedules.s.people[0]"]


def test_all_mistakes_are_reported_at_once_in_line_order() -> None:
    text = """organisation: Example
people:
  ada: {emial: ada@example.com}
tiers:
  oncall:
    who: [adda]
severities:
  - id: P1
    name: Critical
    escalaton: {}
    respond_within: 30
  - name: High
"""
    with pytest.raises(RunbookMistakes) as caught:
        read(text, {}, "runbook.yml")
    assert caught.value.mistakes == (
        Mistake("people.ada.emial", 3, "there is no such key: did you mean email?"),
        Mistake("tiers.oncall.who[0]", 6, "there is no person “adda”: did you mean ada?"),
        Mistake("severities[0].escalaton", 10, "there is no such key: did you mean escalation?"),
        Mistake("severities[0].respond_within", 11, "“30” has no unit: say 30s, 30m or 30h"),
        Mistake("severities[1].id", 12, "is missing"),
    )
    report = of_mistakes(caught.value).splitlines()
    assert report[2] == "runbook.yml:10: severities[0].escalaton: there is no such key: did you mean escalation?"
    assert report[-1] == "5 mistakes in runbook.yml."


def test_the_error_that_lists_mistakes_can_be_pickled() -> None:
    error = RunbookMistakes([Mistake("", 1, "the file is empty")], "a.yml")
    assert isinstance(error, Refused)
    assert str(error) == "a.yml:1: the file is empty"
    assert pickle.loads(pickle.dumps(error)).mistakes == error.mistakes
