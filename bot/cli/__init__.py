"""The command line: `tocsin run`, `tocsin sandbox`, `tocsin check` …

Exit codes: 0 done; 1 it was tried and something is wrong; 2 it couldn't start, because something it needs is missing.
"""

import errno
import logging
import os
import sys
from typing import Any

import click

from bot.cli.refusals import CannotBegin
from bot.cli.shelf import Shelf
from bot.domain.errors import TocsinError, Unanswered

log = logging.getLogger(__name__)

NOT_KNOWN = "It is not known whether this was done. Check with `tocsin status` before you repeat it."


class Sentence(click.ClickException):
    """An error shown as it is, on stderr."""

    def show(self, file: Any = None) -> None:
        click.echo(self.format_message(), err=True)


class CannotBeginSentence(Sentence):
    exit_code = 2


class Door(Shelf):
    """The command group. Errors that a person can fix, or the world has caused, print a sentence, never a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CannotBegin as error:
            raise CannotBeginSentence(str(error)) from error
        except Unanswered as error:
            raise Sentence(f"{error}.\n{NOT_KNOWN}") from error
        except TocsinError as error:
            raise Sentence(str(error)) from error
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:
                # The reader has closed the pipe; click handles that.
                raise
            if error.errno == errno.ENOSPC:
                _say_no_more()
                raise Sentence("What this has to say could not be written: its disk is full.") from error
            raise _fault(context) from error
        except Exception as error:
            raise _fault(context) from error


def _fault(context: click.Context) -> Sentence:
    # Through the log, which redacts secrets, instead of Python's own traceback.
    log.exception("command=%s", context.invoked_subcommand)
    return Sentence("This is a fault in Tocsin: the lines above say where.")


def _say_no_more() -> None:
    """Redirect stdout to /dev/null: buffered output would be retried at exit and would fail the command again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tocsin", prog_name="tocsin")
def main() -> None:
    """Tocsin keeps a small team's incident runbook alive. `tocsin sandbox` shows all of it without any account."""
