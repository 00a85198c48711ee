"""`dm dbt`."""

from __future__ import annotations

import typer

from datameesh_cli.adapters.outside import outside
from datameesh_cli.render.output import OUTPUT, Output, print_json, print_line, say

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

_BUILDING = {
    "build": "Build and test models in dependency order; a failed test stops what depends on it.",
    "run": "Build models, without their tests.",
    "test": "Run tests.",
    "retry": "Run again what failed last time.",
    "seed": "Load the project's CSV files.",
    "snapshot": "Take the project's snapshots.",
}
_OTHER = {
    "docs": "Generate the documentation: dm dbt docs generate.",
    "source": "Check how fresh the sources are: dm dbt source freshness.",
    "compile": "Write the SQL of the models without running it.",
    "show": "Run a model or a query and print the first rows.",
    "ls": "List models, tests and sources.",
    "parse": "Read the project and check it.",
    "debug": "Check the connection to Trino.",
    "deps": "Install the packages of packages.yml.",
    "run-operation": "Run a macro.",
}
"""dbt's own commands. Those of the first kind end in a summary; the others have options of their own named like ours."""

CONTEXT = typer.Option(
    None, "--context", help="Run on the cluster of this kubectl context. `--target` is dbt's own option."
)


@app.callback()
def dbt() -> None:
    """Run dbt as a job over the project in dbt/. What follows the command goes to dbt as it is.

    Example: dm dbt build --select tag:seed
    """


def _building(verb: str, text: str) -> None:
    @app.command(verb, help=f"{text} Other arguments go to dbt.", context_settings=_PASS_ON)
    def command(ctx: typer.Context, context: str | None = CONTEXT, output: Output = OUTPUT) -> None:
        from datameesh_cli.render.dbt import print_summary
        from datameesh_cli.usecases.open_target import Cluster
        from datameesh_cli.usecases.run_dbt import require_success, run_dbt

        # With JSON only the result belongs on standard output.
        on_line = say if output is Output.json else print_line
        run = run_dbt(outside(ctx.obj), [verb, *ctx.args], on_line, Cluster(context) if context else None)
        if run.summary:
            print_json(run.summary) if output is Output.json else print_summary(run.summary)
        require_success(run)


def _other(verb: str, text: str) -> None:
    @app.command(verb, help=f"{text} All arguments go to dbt.", context_settings=_PASS_ON)
    def command(ctx: typer.Context) -> None:
        from datameesh_cli.usecases.run_dbt import require_success, run_dbt

        # The rest of `debug` asks for git, which only packages from elsewhere need; the project has none.
        given = [*ctx.args, "--connection"] if verb == "debug" else ctx.args
        require_success(run_dbt(outside(ctx.obj), [verb, *given], print_line))


for _verb, _text in _BUILDING.items():
    _building(_verb, _text)
for _verb, _text in _OTHER.items():
    _other(_verb, _text)


@app.command()
def results(ctx: typer.Context, output: Output = OUTPUT) -> None:
    """Print the newest outcome of every model and test, failed ones first.

    Example: dm dbt results
    """
    from datameesh_cli.render.dbt import print_outcomes
    from datameesh_cli.usecases.run_dbt import last_summary

    outcomes = last_summary(outside(ctx.obj))
    print_json(outcomes) if output is Output.json else print_outcomes(outcomes)


@app.command("docs-coverage")
def docs_coverage(ctx: typer.Context, output: Output = OUTPUT) -> None:
    """Print how many models and columns have a description, and which have none.

    Example: dm dbt docs generate && dm dbt docs-coverage
    """
    from datameesh_cli.render.dbt import print_coverage
    from datameesh_cli.usecases.run_dbt import docs_coverage as measure

    coverage = measure(outside(ctx.obj))
    print_json(coverage) if output is Output.json else print_coverage(coverage)


@app.command()
def doctor(ctx: typer.Context, output: Output = OUTPUT) -> None:
    """Read the project as dbt does and name each problem by file and line. Exit code 1 if there is one.

    Example: dm dbt doctor
    """
    from datameesh_cli.render.dbt import print_diagnosis
    from datameesh_cli.usecases.run_dbt import diagnose_project

    diagnosis = diagnose_project(outside(ctx.obj))
    print_json(diagnosis) if output is Output.json else print_diagnosis(diagnosis)
    if diagnosis.problems:
        raise typer.Exit(1)
