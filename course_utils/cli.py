"""The command line `course`: parses, calls, prints, exits. All it does stands in the modules it calls."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from course_utils.errors import CourseError

app = typer.Typer(
    help="Hugging Face in Miniature: list, run and check the lessons; look after the machine and the data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
foundry_app = typer.Typer(help="Rebuild data sets and miniatures from their recipes.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(foundry_app, name="foundry")
Names = Annotated[
    list[str] | None, typer.Argument(help="Lessons, or the chapters they stand in; all when none is named.", metavar="[LESSON]...")
]
Jobs = Annotated[int, typer.Option(help="How many lessons run at the same time.", min=1)]
_settings: dict[str, Path | None] = {"notebooks": None}


@app.callback()
def main(notebooks: Annotated[Path | None, typer.Option(help="Folder of the lessons, when not this course's own.")] = None) -> None:
    """Hugging Face in Miniature: list, run and check the lessons; look after the machine and the data."""
    _settings["notebooks"] = notebooks


def _chosen(names: list[str] | None) -> list:
    from course_utils import lessons

    return lessons.choose(names or [], _settings["notebooks"])


@app.command("list")
def list_all(exercises: Annotated[bool, typer.Option("--exercises", help="Show the names of the exercises instead.")] = False) -> None:
    """Show the lessons, checkpoints, data sets and metrics by name."""
    from course_utils import catalog
    from course_utils.exercises import core

    if exercises:
        _table(["exercise", "lesson"], [(e.name, lesson) for lesson, members in core.by_lesson().items() for e in members])
        return
    _table(["lesson", "about"], [(lesson.name, lesson.title()) for lesson in _chosen(None)])
    print()
    _table(["name", "kind", "what it is"], [(e.name, e.kind, e.summary) for e in catalog.entries().values()])


@app.command()
def run(
    names: Names = None,
    to: Annotated[Path, typer.Option(help="Folder that receives the executed lessons.")] = Path("outputs"),
    jobs: Jobs = 2,
    threads: Annotated[int, typer.Option(help="CPU threads a lesson.", min=1)] = 1,
) -> None:
    """Run lessons without a browser; sources stay untouched. Exit code 1 when one fails."""
    from course_utils import execution, lessons

    def keep(outcome: execution.Run) -> None:
        target = to / f"{outcome.lesson.name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(lessons.dumps(outcome.notebook), encoding="utf-8", newline="\n")

    runs = execution.run_all(_chosen(names), jobs, threads, each=keep)
    _report(runs)
    print(f"Executed copies are in {to}/.")
    _exit_when(any(outcome.problem for outcome in runs))


@app.command()
def refresh(names: Names = None, jobs: Jobs = 2) -> None:
    """Stamp the generated parts, run lessons, and store their outputs, times and tables."""
    from course_utils import execution, glossary, lessons, profile, tables
    from course_utils.foundry import frame

    def store(outcome: execution.Run) -> None:
        execution.store(outcome)
        if not outcome.problem and _settings["notebooks"] is None:
            frame.record_lesson(outcome.lesson.name, outcome.seconds, outcome.peak_mib)

    chosen = _chosen(names)
    for lesson in chosen:
        lessons.stamp(lesson)
    runs = execution.run_all(chosen, jobs, each=store)
    readme = profile.root() / "README.md"
    if _settings["notebooks"] is None and readme.is_file():
        tables.refresh(readme)
        glossary.refresh(lessons.notebooks_folder())
    _report(runs)
    _exit_when(any(outcome.problem for outcome in runs))


@app.command()
def check(names: Names = None) -> None:
    """Check stored lessons without running them: form, one clean run, removed calls. Exit code 1 on a finding."""
    from course_utils import compatibility, guards

    chosen = _chosen(names)
    found = [sentence for lesson in chosen for sentence in guards.problems(lesson)]
    found += [str(finding) for finding in compatibility.check(chosen)]
    found += filter(None, [] if names else [guards.too_loose(chosen)])
    print("\n".join(found) or f"{len(chosen)} lessons are in order.")
    _exit_when(found)


@app.command()
def doctor() -> None:
    """Look at this machine and at every shipped file. Exit code 1 when something needs a remedy."""
    from course_utils import doctor

    findings = doctor.examine()
    print("\n".join(map(str, findings)))
    _exit_when(any(finding.remedy for finding in findings))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address; one that others reach needs a key in COURSE_SERVE_KEYS.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65_535)] = 8000,
    batch: Annotated[int, typer.Option(help="How many requests may share a call of a model.", min=1)] = 32,
    room: Annotated[int, typer.Option(help="How many requests may wait.", min=1)] = 64,
    rate: Annotated[float, typer.Option(help="Requests a second for each client; 0 is no limit.", min=0)] = 0.0,
) -> None:
    """Serve the classifier and the writer over HTTP until Ctrl-C; /docs describes the requests."""
    from course_utils import profile, serving

    settings = serving.Settings.from_environment(host=host, port=port, batch=batch, room=room, rate=rate)
    profile.start()
    serving.serve(settings)


@app.command()
def progress() -> None:
    """Show how many exercises of each lesson you have solved."""
    from course_utils.exercises import core

    core.progress()


@foundry_app.command("build")
def build(
    names: Annotated[list[str] | None, typer.Argument(help="Recipes; all when none is named.", metavar="[RECIPE]...")] = None,
    again: Annotated[bool, typer.Option("--again", help="Build also what is intact and unchanged.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Take a few steps of each, to see that it runs; nothing ships.")] = False,
    jobs: Annotated[int, typer.Option(help="How many recipes are built at the same time, each on one core.", min=1)] = 2,
) -> None:
    """Rebuild data sets and miniatures from their recipes; what was begun and stopped goes on."""
    os.environ.setdefault("TQDM_MININTERVAL", "0.5")
    from course_utils import foundry, profile

    profile.start("offline")
    outcomes = foundry.rebuild(names or [], again, quick, jobs)
    _table(["recipe", "outcome"], list(outcomes.items()))


def _report(runs: Iterable) -> None:
    from course_utils import execution

    rows = [
        (r.lesson.name, f"{r.seconds:.1f}", f"{r.peak_mib:.0f} MiB", "failed" if r.problem else execution.over_budget(r) or "ok")
        for r in runs
    ]
    _table(["lesson", "seconds", "peak memory", "result"], rows)
    for outcome in runs:
        if outcome.problem:
            print(f"\n{outcome.lesson.name}: {outcome.problem}")


def _table(header: list[str], rows: list[tuple]) -> None:
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(str(value).ljust(width) for value, width in zip(row, widths, strict=True)).rstrip())


def _exit_when(failed: object) -> None:
    if failed:
        raise typer.Exit(1)


def entry_point() -> None:
    """Runs the command line; an error raised on purpose becomes one sentence and exit code 2."""
    try:
        app(prog_name="course")
    except CourseError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(2) from None
