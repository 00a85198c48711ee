"""docs/people.md: what each person may do, as tables made of the file of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datameesh_cli.core.identity.people import IdentityFile, Role, SqlGrants, highest, role_of

_WORDS = {"none": "-", "read": "reads", "write": "reads, writes, makes tables", "all": "everything"}
_API = {"read": "reads", "write": "reads and adds"}
_LAKE = {
    "none": "-",
    "ro": "reads, but not `raw/`",
    "rw": "reads, but not `raw/`; writes `analytics/`",
    "engineer": "reads and writes, also the backups",
    "admin": "everything",
}


def people_page(said: IdentityFile, made_by: str) -> str:
    """Given what the file of people says and what makes the page, return it."""
    lines = [
        "# People: who may do what",
        "",
        f"<!-- {made_by} -->",
        "",
        "Made of [identity/people.yaml](../identity/people.yaml), like the rules themselves: what stands here is in force in mode",
        "`governed`, the default. In mode `academic` every person may do in SQL what `admin` may, reads and writes every file of",
        "the lake, logs in to every domain's databases, reads and changes all rows there, unmasked, and makes no table.",
        "What was made meanwhile stays: a view of `admin`'s shows unmasked rows afterwards too.",
        "`dm user list` says who there is in your stack, with those whom `dm user add` brought.",
        "Who comes by a directory or another provider (`dm security provider`) and is nobody here has no line: no tool but",
        "the sign-in service knows that person; `dm user add` makes one of them.",
        "The domains' APIs let everybody read what the query engine would, and add rows to a domain that one may write to.",
        "Notebooks, dashboards, catalog and console are still to come: what their columns say is what they will be told.",
        "",
        "## People",
        "",
        *_table(("name", "person", "groups", *_SQL, *_TOOLS), [_person(name, said) for name in sorted(said.people)]),
        "",
        "*Own domain*: the catalogs whose folder's `owner:` is one of the person's groups. *Marts*: schemas "
        f"`{said.marts.schemas}`, tables `{said.marts.tables}`.",
        "",
        "## Roles",
        "",
        *_table(("role", "who has it", *_SQL, *_TOOLS), [_role(name, role) for name, role in said.roles.items()]),
        "",
        "## Accounts of programs",
        "",
        *_table(
            ("name", "what it does", *_SQL, "APIs"),
            [
                (f"`{name}`", program.about, *_sql([program.sql]), _apis(program.api))
                for name, program in sorted(said.programs.items())
            ],
        ),
        "",
        "## What is shown in part",
        "",
        *_narrowed(said),
    ]
    return "\n".join(lines).rstrip() + "\n"


_SQL = ("own domain", "other domains", "lake", "marts")
_TOOLS = ("files of the lake", "databases", "notebooks", "dashboards", "catalog", "console")


def _person(name: str, said: IdentityFile) -> tuple[str, ...]:
    entry = said.people[name]
    roles = [said.roles[role] for group in entry.groups if (role := role_of(group, said)) != "none"]
    filters = [each for each in said.filters if each.group in entry.groups]
    own, others, lake, marts = _sql([role.sql for role in roles])
    if filters:
        own, others = (
            cell if cell == "-" else f"{cell}, {'/'.join(entry.regions) or 'no'} rows" for cell in (own, others)
        )
    closed = any(each.hides_lake for each in filters)
    files = "-" if closed else _most([_files(role.lake) for role in roles])
    tools = [_most([str(getattr(role, tool)) for role in roles]) for tool in _TOOLS[2:]]
    return (
        *(
            f"`{name}`",
            entry.name,
            ", ".join(entry.groups),
            own,
            others,
            "-" if closed else lake,
            "-" if closed else marts,
        ),
        *(files, _most([role.database for role in roles]), *tools),
    )


def _role(name: str, role: Role) -> tuple[str, ...]:
    tools = [str(getattr(role, tool)) for tool in _TOOLS[2:]]
    return (
        f"`{name}`",
        role.about,
        *_sql([role.sql]),
        _files(role.lake),
        *(_most([t]) for t in (role.database, *tools)),
    )


def _sql(grants: Sequence[SqlGrants]) -> tuple[str, str, str, str]:
    if any(each.everything for each in grants):
        return ("everything",) * 4
    own, others = highest(each.own for each in grants), highest(each.domains for each in grants)
    lake = highest(each.lake for each in grants)
    marts = (
        "reads"
        if any(each.marts == "read" for each in grants)
        else _WORDS["read" if "read" in (others, lake) else lake]
    )
    return (_WORDS[own], _WORDS[others], _WORDS[lake], marts)


def _apis(said: Mapping[str, str]) -> str:
    return ", ".join(f"{domain}: {_API[level]}" for domain, level in sorted(said.items())) or "what it may in SQL"


def _files(level: str) -> str:
    return _LAKE.get(level, f"reads, but not `raw/` of others; writes `raw/{level}/`, `processed/{level}/`")


def _most(words: Sequence[str]) -> str:
    said = [word for word in words if word not in ("none", "-")]
    return ", ".join(dict.fromkeys(said)) or "-"


def _narrowed(said: IdentityFile) -> list[str]:
    masks = [
        f"- Table `{mask.tables}`, in every catalog, for everybody but who may do everything: "
        + "; ".join(f"`{name}` is `{expression}`" for name, expression in mask.columns.items())
        + (f". Not read at all by {', '.join(f'`{name}`' for name in mask.never)}." if mask.never else ".")
        for mask in said.masks
    ]
    filters = [
        f"- Tables `{each.tables}` for group `{each.group}`: rows with `{each.where}`. Hidden from it, for they hold the same "
        f"rows: tables `{each.hides}`" + (", and the whole lake." if each.hides_lake else ".")
        for each in said.filters
    ]
    return [*masks, *filters]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
