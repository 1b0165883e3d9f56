"""The example team: the people of the starter runbook."""

from bot.sandbox.model import User


def example_team() -> list[User]:
    """Six people, with the email addresses of the starter runbook."""
    return [
        _person("ada", "Ada Obi", "On-call engineer", "b4464b"),
        _person("ben", "Ben Moss", "Engineering lead", "3c7ab5"),
        _person("cleo", "Cleo Fox", "CEO", "7a5195"),
        _person("dev", "Dev Rao", "Platform engineer", "2f8f6b"),
        _person("eve", "Eve Lind", "Customer support", "c77d1e"),
        _person("finn", "Finn Hale", "Communications", "5b6770"),
    ]


def _person(name: str, real_name: str, title: str, color: str) -> User:
    return User(f"U0{name.upper()}", name, real_name, f"{name}@example.com", title, color)
