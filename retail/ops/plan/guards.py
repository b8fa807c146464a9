"""What a deployment may not do unasked: each case is an error that says why and what becomes of the data."""

from __future__ import annotations

from collections.abc import Iterator

from retail.ops.emitted import KEPT
from retail.ops.plan import schemas
from retail.ops.plan.changes import ABSENT, Action, Change, Edit, Finding, is_place
from retail.ops.plan.compare import leaves
from retail.ops.plan.difference import Difference
from retail.ops.plan.functions import text
from retail.ops.plan.resources import REFUSED
from retail.ops.plan.show import both
from retail.ops.plan.spread import Moved
from retail.ops.plan.stateful import fate, held, is_stateful
from retail.ops.plan.watched import WATCHED

POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")

KINDS = (
    "type",
    "replacement",
    "removal",
    "condition",
    "deletion-policy",
    "export",
    *dict.fromkeys(w.kind for w in WATCHED),
)
"""Every kind of change that is guarded, as the allow-list names it."""

BACKUPS = ("AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection")


def findings(found: Difference) -> list[Finding]:
    """Every guarded change, in the order of the stacks; one for each resource and kind."""
    told: dict[tuple[str, str, str], Finding] = {}
    for change in found.changes:
        for kind, message in (*_of_resource(change), *_of_properties(change)):
            finding = Finding(change.stack, change.logical_id, kind, message)
            told.setdefault((change.stack, change.logical_id, kind), finding)
    for export in found.moved:
        if export.importers:
            told[export.stack, export.title, "export"] = _of_export(export)
    return sorted(told.values(), key=lambda finding: finding.stack)


def _of_resource(change: Change) -> Iterator[tuple[str, str]]:
    """What happens to the resource as a whole."""
    if change.note == REFUSED:
        yield "type", REFUSED
        return
    if change.action is Action.DELETE and change.type in BACKUPS:
        yield "recovery", "no backup is made any more of what it covers; the recovery points that are there stay"
    if not is_stateful(change.before):
        return
    if change.action is Action.DELETE:
        yield "removal", f"{fate(change.before, 'DeletionPolicy')}{f'. {change.note}' if change.note else ''}"
    if change.action in (Action.REPLACE, Action.MAY_REPLACE):
        yield "replacement", _replacement(change)
    for edit in change.edits:
        if edit.path == ("Condition",) and edit.after is not ABSENT:
            ended = fate(change.before, "DeletionPolicy")
            yield "condition", f"whether it is there is decided otherwise; where that ends it, {ended}"
        elif edit.path[0] in POLICIES and _is_lost(edit):
            when = "its stack or logical id goes" if edit.path[0] == "DeletionPolicy" else "an update replaces it"
            old, new = (text(value) if value is not ABSENT else "Delete" for value in (edit.before, edit.after))
            yield (
                "deletion-policy",
                (f"{edit.path[0]} {old} becomes {new}: once {when}, {held(change.type)} would be deleted with it"),
            )


def _replacement(change: Change) -> str:
    """Why a resource is replaced, and what of its data."""
    gravest = [edit for edit in change.edits if edit.action is change.action]
    why = "; ".join(dict.fromkeys(edit.because or f"{edit.dotted} cannot be changed in place" for edit in gravest))
    verb = "makes" if change.action is Action.REPLACE else "may make"
    message = (
        f"{why}: CloudFormation {verb} a new, empty one; {fate(change.after, 'UpdateReplacePolicy')}. "
        "Nothing is copied from the old one to the new one"
    )
    return f"{message}. {taken}" if (taken := name_taken(change)) else message


def name_taken(change: Change) -> str:
    """Why the replacement fails: its fixed name is that of the old one, which goes last (T8). Else empty."""
    edited = {edit.names[:1] for edit in change.edits if not edit.because}
    for names in schemas.identifiers(change.type):
        if change.action is Action.REPLACE and len(names) == 1 and names not in edited and change.after is not ABSENT:
            name = change.after.get("Properties", {}).get(names[0])
            if name is not None and names in schemas.rules(change.type).replace:
                return f"It would even fail: {names[0]} {both(name, name)[0]} is taken until the old one goes"
    return ""


def _of_properties(change: Change) -> Iterator[tuple[str, str]]:
    """What happens to single values; a new resource has all of them new."""
    edits = change.edits
    if change.action is Action.CREATE:
        edits = (Edit(("Properties",), ABSENT, change.after.get("Properties", {})),)
    for each in (edit for edit in edits if not edit.because):
        is_whole = ABSENT in (each.before, each.after) and is_place(each.path[-1])
        for leaf in leaves(each):
            for watched in WATCHED:
                if change.action is Action.CREATE and watched.kind != "public-access":
                    continue
                if watched.catches(change.type, leaf, is_whole=is_whole):
                    old, new = both(leaf.before, leaf.after)
                    yield watched.kind, f"{leaf.dotted}: {old} -> {new}. {watched.why[0].upper()}{watched.why[1:]}"


def _is_lost(edit: Edit) -> bool:
    return edit.before in KEPT and edit.after not in KEPT


def _of_export(export: Moved) -> Finding:
    """Why an export that somebody imports may not move (T5)."""
    importers = " and ".join(export.importers)
    verb = {Action.DELETE: "deleted", Action.REPLACE: "updated"}.get(export.action, "updated if it changes")
    message = (
        f"{export.because}, and {importers} import{'s' if len(export.importers) == 1 else ''} it: CloudFormation "
        f"refuses the update of the whole stack (Export {export.name} cannot be {verb} as it is in use). First "
        "let the importers take a new export beside it, then this can go"
    )
    return Finding(export.stack, export.title, "export", message)
