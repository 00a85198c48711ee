"""Run dbt as a job over the project in dbt/. What follows the command goes to dbt as it is.

Exit code 4 for models and tests that failed, 2 for what dbt could not read: its arguments, the project.

Example: dm dbt build --select tag:seed
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UserError
from datameesh_cli.render.output import OUTPUT, Output, print_json, print_line, report
from datameesh_cli.render.where import CONTEXT, WHERE, Where, cluster_of

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

_BUILDING = {
    "build --select +mart_customer_journey": "Build and test models in dependency order; a failed test stops what depends on it.",
    "run --select staging": "Build models, without their tests.",
    "test --select tag:seed": "Run tests.",
    "retry": "Run again what failed last time.",
    "seed": "Load the project's CSV files.",
    "snapshot": "Take the project's snapshots.",
}
_OTHER = {
    "docs generate": "Generate the documentation.",
    "source freshness": "Check how fresh the sources are.",
    "compile --select mart_customer_journey": "Write the SQL of the models without running it.",
    'show --inline "SELECT 1"': "Run a model or a query and print the first rows.",
    "ls --resource-type model": "List models, tests and sources.",
    "parse": "Read the project and check it.",
    "debug": "Check the connection to Trino.",
    "deps": "Install the packages of packages.yml.",
    "run-operation NAME": "Run a macro.",
}
"""dbt's own commands, each by its example. Those of the first kind end in a summary; the others have options of their own
named like ours."""


@app.callback(help=__doc__)
def _dbt() -> None:
    pass


def _building(example: str, text: str) -> None:
    verb = example.split()[0]

    @app.command(verb, help=_help(text, "Other", example), context_settings=_PASS_ON)
    def command(ctx: typer.Context, on: Where = WHERE, context: str | None = CONTEXT, output: Output = OUTPUT) -> None:
        from datameesh_cli.render.dbt import print_summary
        from datameesh_cli.usecases.run_dbt import require_success, run_dbt

        # With JSON only the result belongs on standard output.
        on_line = report if output is Output.json else print_line
        run = run_dbt(adapters_for(ctx.obj), [verb, *ctx.args], on_line, cluster_of(on, context))
        if run.summary:
            print_json(run.summary) if output is Output.json else print_summary(run.summary)
        require_success(run)


def _other(example: str, text: str) -> None:
    verb = example.split()[0]

    @app.command(verb, help=_help(text, "All", example), context_settings=_PASS_ON)
    def command(ctx: typer.Context) -> None:
        from datameesh_cli.usecases.run_dbt import require_success, run_dbt

        # The rest of `debug` asks for git, which only packages from elsewhere need; the project has none.
        given = [*ctx.args, "--connection"] if verb == "debug" else ctx.args
        require_success(run_dbt(adapters_for(ctx.obj), [verb, *given], print_line))


def _help(text: str, which: str, example: str) -> str:
    return f"{text}\n\n{which} arguments go to dbt.\n\nExample: dm dbt {example}"


for _example, _text in _BUILDING.items():
    _building(_example, _text)
for _example, _text in _OTHER.items():
    _other(_example, _text)


@app.command()
def results(ctx: typer.Context, output: Output = OUTPUT) -> None:
    """Print the newest outcome of every model and test, failed ones first.

    Example: dm dbt results
    """
    from datameesh_cli.render.dbt import print_outcomes
    from datameesh_cli.usecases.run_dbt import last_summary

    outcomes = last_summary(adapters_for(ctx.obj))
    print_json(outcomes) if output is Output.json else print_outcomes(outcomes)


@app.command("docs-coverage")
def docs_coverage(ctx: typer.Context, output: Output = OUTPUT) -> None:
    """Print how many models and columns have a description, and which have none.

    Example: dm dbt docs generate && dm dbt docs-coverage
    """
    from datameesh_cli.render.dbt import print_coverage
    from datameesh_cli.usecases.run_dbt import docs_coverage as measure

    coverage = measure(adapters_for(ctx.obj))
    print_json(coverage) if output is Output.json else print_coverage(coverage)


@app.command()
def doctor(ctx: typer.Context, output: Output = OUTPUT) -> None:
    """Read the project as dbt does and name each problem by file and line. Exit code 2 if there is one.

    Example: dm dbt doctor
    """
    from datameesh_cli.render.dbt import print_diagnosis
    from datameesh_cli.usecases.run_dbt import diagnose_project

    diagnosis = diagnose_project(adapters_for(ctx.obj))
    print_json(diagnosis) if output is Output.json else print_diagnosis(diagnosis)
    if diagnosis.problems:
        raise UserError(f"the dbt project has {len(diagnosis.problems)} problems", "correct the files that are named")
