"""`tocsin import`: drafts a runbook from Markdown documents."""

from pathlib import Path

import click

from bot.cli.refusals import CannotBegin
from bot.given_files import read_given
from bot.markdown.drafts import Draft, Note, draft_of, template, written
from bot.runbook import RunbookMistakes, read
from bot.shipped import templates_folder

DRAFT = "runbook.yml"
NOT_UTF_8 = "is not UTF-8: save the file as UTF-8."


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--templates",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the texts for audiences there, as templates. A file that is there already stays as it is.",
)
def import_(files: tuple[Path, ...], templates: Path | None) -> None:
    """Draft a runbook from documents written in Markdown.

    The draft goes to standard output, so: tocsin import docs/*.md > runbook.yml. What was understood as what, and what
    was left out and why, goes to standard error, line by line. Exits 1 when nothing was understood.
    """
    draft = draft_of([(str(file), _text_of(file)) for file in files])
    understood = [note for note in draft.notes if note.understood]
    for note in draft.notes:
        click.echo(_line(note), err=True)
    if not understood:
        click.echo("Nothing was understood: no table, list or step that a runbook has a key for.", err=True)
        raise click.exceptions.Exit(1)
    folder = str(templates.resolve()) if templates and draft.templates else None
    if templates and folder:
        _write_templates(draft, templates)
    click.echo(_checked(draft, folder), nl=False)
    left = len(draft.notes) - len(understood)
    parts = f"{len(understood)} part{'' if len(understood) == 1 else 's'}"
    click.echo(f"{parts} understood, {left} left out. Read the draft, then: tocsin check", err=True)


def _write_templates(draft: Draft, folder: Path) -> None:
    """Write the templates, with the shipped text where the document has none; never overwrites a file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, texts in draft.templates.items():
            shipped = read_given(templates_folder() / "email" / f"{name}.j2").decode()
            file = folder / f"{name}.j2"
            try:
                with file.open("x", encoding="utf-8") as new:
                    new.write(template(texts, shipped))
                click.echo(f"{file}: written. Read it, then: tocsin check --render", err=True)
            except FileExistsError:
                click.echo(f"{file}: is there already, and stays as it is", err=True)
    except OSError as error:
        raise CannotBegin(f"{folder}: templates can't be written: {error.strerror}.") from error


def _checked(draft: Draft, templates: str | None) -> str:
    """The draft, with the mistakes that `tocsin check` would find in it at the top."""
    text = written(draft, templates)
    try:
        read(text, {}, DRAFT)
    except RunbookMistakes as wrong:
        return "".join(f"# TODO: {mistake}\n" for mistake in wrong.mistakes) + text
    return text


def _line(note: Note) -> str:
    said = f"understood as {note.understood}" if note.understood else f"left out: {note.why}"
    return f"{note.file}:{note.line}: {note.what or 'the beginning'}: {said}"


def _text_of(file: Path) -> str:
    try:
        text = read_given(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotBegin(f"{file} {NOT_UTF_8}") from error
    except OSError as error:
        raise CannotBegin(f"{file} cannot be read: {error.strerror}.") from error
    if text.count("\0") > len(text) // 4:
        # UTF-16 without a byte order mark, which decodes as UTF-8 with many NULs.
        raise CannotBegin(f"{file} {NOT_UTF_8}")
    return text
