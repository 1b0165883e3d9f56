"""The members of the workspace, and what only one of them sees: modals and the App Home."""

from collections.abc import Mapping
from typing import Any

from bot.domain.errors import Rejected
from bot.domain.text import plain_line
from bot.slack.calls import Calls


class Members(Calls):
    """Who members are, and the views shown to them."""

    async def account_of(self, email: str) -> str | None:
        """The id of the member with this email address; None if there is none, or they were deactivated."""
        try:
            answer = await self.call("users.lookupByEmail", params={"email": email})
        except Rejected as error:
            if error.code in ("users_not_found", "user_not_found"):
                return None
            raise
        return None if answer["user"].get("deleted") else str(answer["user"]["id"])

    async def name_of(self, user: str) -> str:
        """The member's name."""
        found = (await self.call("users.info", params={"user": user}))["user"]
        names = (found.get("real_name"), found.get("profile", {}).get("display_name"), found.get("name"))
        return next((shown for name in names if name and (shown := plain_line(str(name)))), user)

    async def is_bot(self, user: str) -> bool:
        """Is it an app or a workflow? False if Slack doesn't say. Raises a kind of Failed."""
        try:
            return bool((await self.call("users.info", params={"user": user}))["user"].get("is_bot"))
        except Rejected:
            return False

    async def is_person(self, user: str) -> bool:
        """Is it an active member, and not an app? Raises a kind of Failed."""
        try:
            found = (await self.call("users.info", params={"user": user}))["user"]
        except Rejected as error:
            if error.code in ("user_not_found", "user_not_visible"):
                return False
            raise
        return not found.get("is_bot") and not found.get("deleted")

    async def is_deactivated(self, user: str) -> bool:
        """False if Slack doesn't say. Raises a kind of Failed."""
        try:
            return bool((await self.call("users.info", params={"user": user}))["user"].get("deleted"))
        except Rejected:
            return False

    async def is_of_another_organisation(self, user: str) -> bool:
        """Does Slack say so? They are here only through a shared channel. Raises a kind of Failed."""
        found = (await self.call("users.info", params={"user": user}))["user"]
        of_organisation = (found.get("enterprise_user") or {}).get("enterprise_id")
        if of_organisation and of_organisation == self.enterprise_id:
            return False
        return bool(found.get("is_stranger")) or found.get("team_id", self.team_id) != self.team_id

    async def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        await self.call("views.open", trigger_id=trigger_id, view=view)

    async def replace_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        """Replace an open modal."""
        await self.call("views.update", view_id=view_id, view=view)

    async def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        await self.call("views.publish", user_id=user, view=view)
