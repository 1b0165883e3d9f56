"""All settings, read once from the environment."""

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.domain.errors import Refused
from bot.runbook.addresses import PostgresqlUrl
from bot.settings.environment import Environment
from bot.settings.values import (
    AppToken,
    BotToken,
    DatabaseUrl,
    FolderUrl,
    Format,
    Keeping,
    Level,
    MailServer,
    PathOf,
    Port,
    SecretUrl,
    Sender,
    Smtp,
    TelephoneNumber,
    Tokens,
    Twilio,
    Url,
)

__all__ = ["Settings", "Smtp", "Transport", "Twilio"]

Transport = Literal["socket", "http"]


class Settings(BaseSettings):
    """Frozen. Each field is the variable of that name in upper case; None: not set. Secrets never show in `repr`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    slack_bot_token: BotToken | None = None
    slack_app_token: AppToken | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: FolderUrl = "https://slack.com/api/"

    database_url: DatabaseUrl | None = None
    home: PathOf = Field(alias="TOCSIN_HOME")
    runbook: PathOf = Field(Path("runbook.yml"), alias="TOCSIN_RUNBOOK")

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: Url | None = None
    alerts_tokens: Tokens = Field((), alias="ALERTS_TOKEN")
    api_token: SecretStr | None = None

    smtp: MailServer | None = Field(None, alias="SMTP_URL")
    mail_from: Sender | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: TelephoneNumber | None = None
    twilio_api_url: Url = "https://api.twilio.com"
    statuspage_token: SecretStr | None = None
    statuspage_api_url: Url = "https://api.statuspage.io/v1"
    pagerduty_routing_key: SecretStr | None = None
    pagerduty_events_url: Url = "https://events.pagerduty.com/v2/enqueue"
    sentry_client_secrets: Tokens = Field((), alias="SENTRY_CLIENT_SECRET")
    stripe_webhook_secrets: Tokens = Field((), alias="STRIPE_WEBHOOK_SECRET")
    grafana_webhook_secrets: Tokens = Field((), alias="GRAFANA_WEBHOOK_SECRET")
    heartbeat_url: SecretUrl | None = None

    s3_endpoint_url: Url | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    aws_region: str | None = None
    aws_default_region: str | None = None

    keep_requests_for: Keeping = timedelta(days=7)
    keep_bodies_for: Keeping = timedelta(days=7)

    log_level: Level = "INFO"
    log_format: Format = "text"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the given values: `from_environment` passes one environment, a test another."""
        return (init_settings,)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read this process's environment, or another. Raises Refused with a sentence for every variable that is wrong.

        No sentence quotes a secret.
        """
        source = Environment(cls, os.environ if environ is None else environ)
        values = source()
        try:
            settings = cls(**values)
        except ValidationError as error:
            # Without the cause, which contains every value.
            raise Refused("\n".join([*source.refusals, *_sentences(error)])) from None
        if source.refusals:
            raise Refused("\n".join(source.refusals))
        return settings

    @property
    def transport(self) -> Transport | None:
        """How Slack reaches us; None if it can't. Socket Mode wins if both are configured."""
        if self.slack_app_token is not None:
            return "socket"
        return "http" if self.slack_signing_secret is not None else None

    @property
    def missing_for_slack(self) -> tuple[str, ...]:
        """The variables that are required for the bot but not set."""
        missing = [] if self.slack_bot_token else ["SLACK_BOT_TOKEN"]
        return tuple(missing if self.transport else [*missing, "SLACK_APP_TOKEN or SLACK_SIGNING_SECRET"])

    @property
    def twilio(self) -> Twilio | None:
        """None unless all three of its variables are set."""
        if not (self.twilio_account_sid and self.twilio_auth_token and self.twilio_from):
            return None
        return Twilio(self.twilio_account_sid, self.twilio_auth_token, self.twilio_from, self.twilio_api_url)

    @property
    def sender(self) -> str:
        """The sender of mail: MAIL_FROM, otherwise the mail server's user if that is an address.

        Otherwise an address that some servers reject: a rejected page is reported, whereas one never sent can't be.
        """
        user = self.smtp.username if self.smtp else None
        return self.mail_from or (user if user and "@" in user else "tocsin@localhost")

    def redactions(self) -> tuple[str, ...]:
        """Every secret value, longest first, for redacting the log."""
        found = {secret.get_secret_value() for secret in self._secrets()}
        if self.database_url:
            found.update(PostgresqlUrl(self.database_url.get_secret_value()).redactions())
        return tuple(sorted(found, key=lambda value: (-len(value), value)))

    def _secrets(self) -> Iterator[SecretStr]:
        for _, value in self:
            if isinstance(value, SecretStr):
                yield value
            elif isinstance(value, tuple):
                yield from value
            elif isinstance(value, Smtp) and value.password:
                yield value.password


def _sentences(error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_url=False, include_input=False):
        said = details["ctx"]["said"] if details["type"] == "wrong" else details["msg"]
        yield f"{str(details['loc'][0]).upper()}: {said}."
