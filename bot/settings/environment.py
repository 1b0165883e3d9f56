"""Where the settings come from: variables, and files that contain a secret."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.given_files import read_given

# Each of these may also be given as a file: NAME_FILE is its path.
SECRETS = frozenset(
    {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "DATABASE_URL",
        "ALERTS_TOKEN",
        "API_TOKEN",
        "SMTP_URL",
        "TWILIO_AUTH_TOKEN",
        "STATUSPAGE_TOKEN",
        "PAGERDUTY_ROUTING_KEY",
        "SENTRY_CLIENT_SECRET",
        "STRIPE_WEBHOOK_SECRET",
        "GRAFANA_WEBHOOK_SECRET",
        "HEARTBEAT_URL",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }
)


class Environment(PydanticBaseSettingsSource):
    """The variables that are set and not empty; secrets also from the file named by NAME_FILE."""

    def __init__(self, settings: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._environ = environ
        self.refusals: list[str] = []

    def __call__(self) -> dict[str, Any]:
        values = {"TOCSIN_HOME": _state_home(self._environ)}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value:
                values[key] = value
        return values

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        key = field.alias or field_name
        variable = key.upper()
        value = self._environ.get(variable, "").strip()
        file = self._environ.get(f"{variable}_FILE", "").strip() if variable in SECRETS else ""
        if value and file:
            self.refusals.append(f"{variable} and {variable}_FILE are both set: keep one of them.")
        return value or (self._content(file, variable) if file else ""), key, False

    def _content(self, file: str, variable: str) -> str:
        try:
            return read_given(Path(file)).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self.refusals.append(f"{variable}_FILE: cannot read {file}: {reason}.")
            return ""


def _state_home(environ: Mapping[str, str]) -> str:
    """The user's state directory, by the XDG base directory specification."""
    state = environ.get("XDG_STATE_HOME") or f"{environ.get('HOME') or '~'}/.local/state"
    return f"{state}/tocsin"
