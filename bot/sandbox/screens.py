"""What people see besides messages: their stack of modals and their Home tab."""

import copy
import hashlib
import json
from typing import Any

from bot.sandbox.changes import Change, Changes
from bot.sandbox.errors import SlackError
from bot.sandbox.fields import initial_value
from bot.sandbox.identifiers import Identifiers
from bot.sandbox.limits import limit
from bot.sandbox.model import Json, View
from bot.sandbox.numbering import elements_of, with_ids


class Screens:
    def __init__(self, ids: Identifiers, changes: Changes) -> None:
        self._ids, self._changes = ids, changes
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}
        self._revision = 0

    def modals(self, user: str) -> list[View]:
        """Bottom to top."""
        return list(self._stacks.get(user, ()))

    def home(self, user: str) -> View | None:
        return self._homes.get(user)

    def find(self, view_id: str) -> View | None:
        return next((view for view in self.everything() if view.id == view_id), None)

    def with_external_id(self, external_id: str) -> View | None:
        return next((view for view in self.everything() if view.content.get("external_id") == external_id), None)

    def open(self, user: str, content: Json) -> View:
        """Show a new modal alone; open ones are closed."""
        self._refuse_taken(content)
        view = self._new(user, content)
        self._stacks[user] = [view]
        self._tell_modals(user)
        return view

    def push(self, user: str, content: Json) -> View:
        """Show a modal on top of the open ones."""
        stack = self._stacks.get(user, [])
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= limit("view", "stack_max"):
            raise SlackError("push_limit_reached")
        self._refuse_taken(content)
        stack.append(self._new(user, content, root=stack[0].id, previous=stack[-1].id))
        self._tell_modals(user)
        return stack[-1]

    def replace(self, view: View, content: Json) -> View:
        """Change an open view in place; values are kept where block and action ids stay the same."""
        self._refuse_taken(content, besides=view)
        kept = view.values
        self._fill(view, content)
        for block_id, fields in view.values.items():
            for action_id, value in fields.items():
                before = kept.get(block_id, {}).get(action_id)
                if before and before["type"] == value["type"]:
                    fields[action_id] = before
        self._tell_home(view) if content["type"] == "home" else self._tell_modals(view.user)
        return view

    def publish(self, user: str, content: Json) -> View:
        self._refuse_taken(content, besides=self._homes.get(user))
        if (home := self._homes.get(user)) is None:
            home = self._homes[user] = self._new(user, content)
        else:
            self._fill(home, content)
        self._tell_home(home)
        return home

    def close(self, view: View) -> None:
        stack = self._stacks.get(view.user, [])
        if view in stack:
            stack.remove(view)
            self._tell_modals(view.user)

    def clear(self, user: str) -> None:
        self._stacks[user] = []
        self._tell_modals(user)

    def everything(self) -> list[View]:
        """All open modals and all Home tabs."""
        return [*(view for stack in self._stacks.values() for view in stack), *self._homes.values()]

    def _new(self, user: str, content: Json, *, root: str | None = None, previous: str | None = None) -> View:
        view_id = self._ids.next("V")
        view = View(view_id, user, content, "", root or view_id, previous)
        self._fill(view, content)
        return view

    def _fill(self, view: View, content: Json) -> None:
        view.content = copy.deepcopy(content) | {"blocks": with_ids(content["blocks"])}
        view.values = initial_values(view.blocks)
        self._revision += 1
        digest = hashlib.sha256(json.dumps(view.content, sort_keys=True).encode()).hexdigest()[:8]
        view.hash = f"{self._revision}.{digest}"

    def _refuse_taken(self, content: Json, *, besides: View | None = None) -> None:
        external_id = content.get("external_id")
        if external_id and (other := self.with_external_id(external_id)) and other is not besides:
            raise SlackError("duplicate_external_id")

    def _tell_modals(self, user: str) -> None:
        self._changes.tell(Change("modals", user=user))

    def _tell_home(self, view: View) -> None:
        self._changes.tell(Change("home", user=view.user))


def initial_values(blocks: list[Json]) -> dict[str, Any]:
    """`state.values` before anything is filled in; buttons and stateless menus have no entry."""
    values: dict[str, Any] = {}
    for block in blocks:
        fields = {e["action_id"]: value for e in elements_of(block) if (value := initial_value(e)) is not None}
        if fields:
            values[block["block_id"]] = fields
    return values
