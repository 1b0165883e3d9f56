"""Determines what a restore of a PostgreSQL database needs: roles, privileges, extensions; before anything is created.

An account that isn't a superuser can restore what an application has created. What only a superuser can recreate is
listed in the manifest when the backup is taken, and checked against the server on which it is to be restored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from bot.dumpers._postgresql_properties import properties_of
from bot.dumpers._statements import Statements

SQL = Statements(__file__)

Needs = Mapping[str, Any]

# The most names in one sentence; the next check shows the rest.
MOST_SHOWN = 10
PARAMETERS_ARE_GRANTED_SINCE = 150000
# Since then, inheriting from a role and switching to it are granted separately.
MEMBERSHIP_HAS_OPTIONS_SINCE = 160000


async def source_of(conn: AsyncConnection, database: str) -> Mapping[str, Any]:
    """The manifest's `source`: where the backup is taken, and what a restore needs. `conn` is connected to the
    database."""
    return {
        "server": conn.info.host,
        "port": conn.info.port,
        "database": database,
        "properties": await properties_of(conn, database),
        **await needs_of(conn),
    }


async def needs_of(conn: AsyncConnection) -> Needs:
    """The needs of the database that `conn` is connected to. All are lists of names, except `size`, in bytes.

    `owners`: everybody who owns something in it; `of_superusers`: what superusers own, each as `[role, "TABLE
    public.orders"]`; `extensions`: those that only a superuser can recreate; `installed`: all extensions; `creators`:
    who may create in `public` by an explicit GRANT; `publishers`: owners of publications; `roles`: every role
    mentioned, in privileges too; `veiled`: tables with row security that applies even to their owner; `tablespaces`:
    where its tables are stored; `parameters`: settings that functions set and only a superuser may; `superuser`: what
    else only a superuser can recreate, in words; `ignored`: what a restore by anybody else silently leaves out, in
    words.
    """
    row = await (await conn.execute(SQL("needs"))).fetchone()
    assert row
    found: Needs = row[0]
    return found


async def ignored_by(conn: AsyncConnection, needs: Needs) -> Sequence[str]:
    """What this account can't restore although nothing will fail, in words."""
    _, _, may_everything, _ = await _account(conn)
    return (
        []
        if may_everything
        else [f"{what} (only a superuser can bring that back)" for what in needs.get("ignored") or ()]
    )


@dataclass(frozen=True)
class _Restoring:
    """An account that is to restore something with these needs into a target that belongs to `owner`."""

    conn: AsyncConnection
    account: str
    inherits: bool
    target: str
    owner: str | None
    needs: Needs

    @property
    def owners(self) -> list[str]:
        return [*dict.fromkeys([*([self.owner] if self.owner else []), *(self.needs.get("owners") or ())])]

    @property
    def version(self) -> int:
        return self.conn.info.server_version

    async def ask(self, name: str, /, **values: object) -> list[Any]:
        return await (await self.conn.execute(SQL(name), values)).fetchall()

    def membership(self, role: str) -> str:
        options = " WITH INHERIT TRUE, SET TRUE" if self.version >= MEMBERSHIP_HAS_OPTIONS_SINCE else ""
        inherit = "" if options or self.inherits else f"; ALTER ROLE {self.account} INHERIT"
        return f"GRANT {role} TO {self.account}{options}{inherit}"


async def lacking(conn: AsyncConnection, target: str, needs: Needs) -> list[str]:
    """What a restore needs and the server or this account lacks, each with what to do."""
    account, may_create, may_everything, inherits = await _account(conn)
    # The owner to be: the target's, or if it's gone, the one recorded in the backup.
    properties = await properties_of(conn, target) or needs.get("properties") or {}
    restoring = _Restoring(conn, account, inherits, target, properties.get("owner"), needs)
    missing = [*await _extensions(restoring), *await _roles(restoring, may_everything=may_everything)]
    if may_everything:
        return missing
    return [
        *missing,
        *([] if may_create else [f"its account {account} may not create databases: ALTER ROLE {account} CREATEDB"]),
        *await _superusers_alone(restoring),
        *await _closed(restoring),
        *await _veiled(restoring),
        *await _strangers(restoring),
    ]


async def _account(conn: AsyncConnection) -> tuple[str, bool, bool, bool]:
    row = await (await conn.execute(SQL("account"))).fetchone()
    assert row
    account, may_create, may_everything, inherits = row
    return account, may_create, may_everything, inherits


async def _extensions(restoring: _Restoring) -> list[str]:
    found = await restoring.ask("not_available", extensions=list(restoring.needs.get("installed") or ()))
    return [f"its server does not have the extension {name}: install the package that holds it" for (name,) in found]


async def _roles(restoring: _Restoring, *, may_everything: bool) -> list[str]:
    roles = list(restoring.needs.get("roles") or ())
    return [
        f"{role} is no role of its server: CREATE ROLE {role}"
        + (f"; {restoring.membership(role)}" if is_owner and not may_everything else "")
        for role, is_owner in await restoring.ask("not_there", roles=roles, owners=restoring.owners)
    ]


async def _superusers_alone(restoring: _Restoring) -> list[str]:
    needs = restoring.needs
    named = {which: list(needs.get(which) or ()) for which in ("extensions", "installed")}
    alone = [f"the extension {name}" for (name,) in await restoring.ask("superusers_extensions", **named)]
    alone += needs.get("superuser") or ()
    if not alone:
        return []
    return [
        f"only a superuser can bring back {_shown(alone, ', ')}: drop what you can do without and back it up again, or "
        "have the address name a superuser"
    ]


def _shown(parts: Sequence[str], between: str) -> str:
    more = len(parts) - MOST_SHOWN
    return between.join(parts[:MOST_SHOWN]) + (f"{between}and {more} more" if more > 0 else "")


async def _closed(restoring: _Restoring) -> list[str]:
    tablespaces, parameters = (list(restoring.needs.get(name) or ()) for name in ("tablespaces", "parameters"))
    account = restoring.account
    closed = [
        f"its account {account} may not use the tablespace {name}: GRANT CREATE ON TABLESPACE {name} TO {account}"
        for (name,) in await restoring.ask("closed_tablespaces", tablespaces=tablespaces)
    ]
    if restoring.version < PARAMETERS_ARE_GRANTED_SINCE:
        return closed + [f"only a superuser can bring back a function that sets {name}" for name in parameters]
    return closed + [
        f"its account {account} may not set {name}, as a function does: GRANT SET ON PARAMETER {name} TO {account}"
        for (name,) in await restoring.ask("closed_parameters", parameters=parameters)
    ]


async def _veiled(restoring: _Restoring) -> list[str]:
    """Tables whose rows could be restored, but neither counted nor queried."""
    veiled, account = list(restoring.needs.get("veiled") or ()), restoring.account
    if not veiled or await restoring.ask("sees_every_row"):
        return []
    return [f"its account {account} may see only some rows of {_shown(veiled, ', ')}: ALTER ROLE {account} BYPASSRLS"]


async def _strangers(restoring: _Restoring) -> list[str]:
    become = "SET" if restoring.version >= MEMBERSHIP_HAS_OPTIONS_SINCE else "MEMBER"
    found = await restoring.ask("strangers", owners=restoring.owners, become=become)
    return [
        await _given_away(restoring, name)
        if is_superuser
        else f"its account {restoring.account} is no member of {name}, to whom some of it belongs: "
        f"{restoring.membership(name)}"
        for name, is_superuser in found
    ]


async def _given_away(restoring: _Restoring, superuser: str) -> str:
    """Advice for a superuser's objects: give them to the application's role, since membership in a superuser would make
    the account one."""
    heir, made = await _heir(restoring)
    statements = [*made]
    if restoring.owner and await _quoted(restoring, restoring.owner) == superuser:
        statements.append(f"ALTER DATABASE {await _quoted(restoring, restoring.target)} OWNER TO {heir}")
    for role, what in restoring.needs.get("of_superusers") or ():
        if await _quoted(restoring, role) == superuser:
            receiver = "pg_database_owner" if what == "SCHEMA public" else heir
            statements.append(f"ALTER {what} OWNER TO {receiver}")
    said = _shown(statements or [f"ALTER … OWNER TO {heir}"], "; ")
    return (
        f"some of it belongs to the superuser {superuser}, and only a superuser can bring that back: {said}; "
        "then back it up again"
    )


async def _heir(restoring: _Restoring) -> tuple[str, list[str]]:
    """A role, quoted, and the statements that create it if there is none yet."""
    found = await restoring.ask("heir", owner=restoring.owner, owners=restoring.owners)
    if found:
        return found[0][0], []
    heir = await _quoted(restoring, f"{restoring.target}_owner")
    return heir, [f"CREATE ROLE {heir}", restoring.membership(heir)]


async def _quoted(restoring: _Restoring, name: str) -> str:
    return str((await restoring.ask("quoted", name=name))[0][0])


async def lend(conn: AsyncConnection, needs: Needs) -> Sequence[tuple[str, str]]:
    """Grant every owner of the source what it needs to receive its objects: CREATE on `public`, and on the database for
    publications.

    `conn` is connected to the new, empty database. Returns what to revoke once it is full. Older manifests, without
    `creators` and `publishers`, change nothing.
    """
    lent: list[tuple[str, str]] = []
    if (creators := needs.get("creators")) is not None:
        owners = list(needs.get("owners") or ())
        without = await _lent(conn, "owners_without_schema", "may_create", {"owners": owners})
        lent += [("may_not_create", role) for role in without if role not in creators]
    publishers = {"publishers": list(needs.get("publishers") or ())}
    without = await _lent(conn, "publishers_without_database", "may_publish", publishers)
    return [*lent, *(("may_not_publish", role) for role in without)]


async def take_back(conn: AsyncConnection, lent: Sequence[tuple[str, str]]) -> None:
    """Revoke what was lent: these roles lacked it originally, or get it back with the target's own properties."""
    for statement, role in lent:
        await conn.execute(_about(conn, statement, role))


async def _lent(conn: AsyncConnection, who: str, grant: str, values: Mapping[str, Any]) -> list[str]:
    roles = [name for (name,) in await (await conn.execute(SQL(who), values)).fetchall()]
    for role in roles:
        await conn.execute(_about(conn, grant, role))
    return roles


def _about(conn: AsyncConnection, statement: str, role: str) -> Any:
    return SQL(statement, role=role, database=conn.info.dbname)
