"""`AUTOPACK_DATABASE_URL`: read with care, because it holds a password that nothing may ever repeat.

The form is libpq's (PostgreSQL's manual, "Connection URIs"). It is taken apart here and not by a library,
whose errors quote what they could not read: with an unescaped `@` in a password, a part of the password.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from autopack.errors import InvalidInput

NAME = "AUTOPACK_DATABASE_URL"
_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_FORM = "Write postgresql://user:password@host:5432/database, or postgresql:///database?host=/socket/folder."
_ESCAPE = "Write @ : / ? # % in a user or password as %40 %3A %2F %3F %23 %25."


def parse_database_url(said: str) -> str | None:
    """The URL as SQLAlchemy and the engine take it; None where nothing is said.

    Raises `InvalidInput`, which repeats nothing but the kind of the database.
    """
    said = said.strip()
    if not said:
        return None
    scheme, marked, rest = said.partition("://")
    if not marked or not re.fullmatch(r"[a-z][a-z0-9+]{0,30}", scheme):
        raise InvalidInput(f"{NAME} is not a URL.", hint=_FORM)
    if scheme not in _SCHEMES:
        hint = f"Unset {NAME} for SQLite." if scheme.startswith("sqlite") else _FORM
        raise InvalidInput(f"{NAME} names {scheme}: the database is SQLite or PostgreSQL.", hint=hint)
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    path, _, query = rest[len(authority) :].partition("?")
    if (
        authority.count("@") > 1
        or "@" in path + query
        or "#" in rest
        or "%" in re.sub("%[0-9A-Fa-f]{2}", "", rest)
    ):
        raise InvalidInput(f"{NAME} can't be read: a character of it must be escaped.", hint=_ESCAPE)
    return _written(authority, database=unquote(path.removeprefix("/")), query=query)


def _written(authority: str, *, database: str, query: str) -> str:
    who, _, where = authority.rpartition("@")
    user, _, password = (unquote(part) for part in who.partition(":"))
    told = [(name, value) for name, value in parse_qsl(query) if name not in {"dbname", "user", "password"}]
    named = {name: values[-1] for name, values in parse_qs(query).items()}
    database = named.get("dbname", database)
    if not database or "/" in database:
        raise InvalidInput(f"{NAME} names no database.", hint=_FORM)
    user, password = named.get("user", user), named.get("password", password)
    hosts = where.split(",") if where else []
    if not all(re.fullmatch(r"([^:\[\]]*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?", host) for host in hosts):
        raise InvalidInput(f"{NAME} can't be read: its host or port is none.", hint=f"{_FORM} {_ESCAPE}")
    address = where
    if len(hosts) > 1 or "%" in where:
        address, told = "", [*(("host", unquote(host)) for host in hosts), *told]
    credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    at = f"{credentials}@" if credentials else ""
    more = f"?{urlencode(told)}" if told else ""
    return f"postgresql+psycopg://{at}{address}/{quote(database, safe='')}{more}"


def place_of(url: str) -> str:
    """Server and database of a parsed URL, to show: no user, no password, no parameter but the host."""
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2] or ",".join(parse_qs(parts.query).get("host", []))
    return f"PostgreSQL {hosts or 'on this machine'}, database {unquote(parts.path.removeprefix('/'))}"
