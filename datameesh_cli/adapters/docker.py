"""The one door to docker: its command, and what it says when it fails, as our errors.

What changes a stack as a whole goes through python-on-whales. That library waits without a deadline, hears no signal while it
does, hands no lines on as they come, and takes 0.24 s to import (`time python -c "import python_on_whales"`, 2 cores): what needs
one of these calls the same command through `process`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datameesh_cli.adapters import interrupts, process
from datameesh_cli.adapters.answers import short
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import DmError, HostError, NetworkHeldError, UnhealthyError, UserError

if TYPE_CHECKING:
    from python_on_whales import DockerClient

_PROGRAM = "docker"
_NO_ENGINE = (
    "cannot connect to the docker daemon",
    "is the docker daemon running",
    "error during connect",
    "failed to connect to the docker api",
)


def command(*words: str) -> list[str]:
    """Given the words of a docker command, return it whole, for those who start it themselves."""
    return [_PROGRAM, *words]


def program() -> str | None:
    """Return the path of the docker command, None if there is none."""
    return process.find(_PROGRAM)


def run(
    *words: str, stdin: str | None = None, timeout: float = 60, env: Mapping[str, str] | None = None
) -> process.Finished:
    """Given the words of a docker command, run it and return what came out, whatever its exit code. Raise as `process.run`."""
    return process.run(command(*words), stdin=stdin, timeout=timeout, env=env)


def said(*words: str, doing: str = "", timeout: float = 60) -> str:
    """Given the words of a docker command, return its output. Raise what explains a failure: "cannot `doing`: ..."."""
    done = run(*words, timeout=timeout)
    if done.code:
        raise failure(doing or f"run docker {words[0]}", done.err or done.out)
    return done.out


def stream(
    *words: str,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    hold: Callable[[Any], None] | None = None,
) -> Stream[int]:
    """Given the words of a docker command, yield its lines as they come; the generator returns the exit code."""
    return process.stream(command(*words), stdin=stdin, env=env, hold=hold)


def compose(file: Path, project: str, env_file: Path | None, profiles: Sequence[str]) -> DockerClient:
    """Given what a Compose call needs, return a client of the docker command."""
    from python_on_whales import DockerClient

    return DockerClient(
        compose_files=[file],
        compose_project_name=project,
        compose_env_files=[env_file] if env_file else [],
        compose_profiles=list(profiles),
    )


@contextmanager
def done_whole(doing: str) -> Iterator[None]:
    """Do in this block what must not be left half-done; `doing` completes "cannot ..." when it fails.

    A signal to `dm` alone is heard at the end of the block: the library would kill the docker command, and Compose, its child,
    would go on without our lock. Ctrl-C at the terminal reaches Compose itself, so the block ends at once.
    """
    from python_on_whales import ClientNotFoundError
    from python_on_whales.exceptions import DockerException

    with interrupts.held_back():
        try:
            yield
        except ClientNotFoundError as missing:
            run("--version", timeout=30)  # says why: not there, or not executable
            raise HostError("'docker' is not installed", "run: ./dm doctor") from missing
        except OSError as refused:
            raise process.refusal(_PROGRAM, refused) from refused
        except DockerException as failed:
            raise failure(doing, (failed.stderr or failed.stdout or str(failed)).strip()) from failed


def failure(doing: str, text: str) -> DmError:
    """Given what was being done and what the docker command printed, return the error that explains it."""
    lines = [line for line in text.splitlines() if line.strip()] or ["no message"]
    last = short(lines[-1].removeprefix("Error response from daemon: "))
    low = text.lower()
    if any(sign in low for sign in _NO_ENGINE):
        return HostError("no container engine answers", "run: ./dm doctor --fix")
    if "permission denied" in low and "docker" in low and "sock" in low:
        return HostError(
            "this user may not talk to the container engine", "add the user to the group docker, or run as root"
        )
    if ("unknown command" in low and "compose" in low) or "'compose' is not a docker command" in low:
        return HostError("the Compose plugin is not installed", "run: ./dm doctor --fix")
    if (
        "no such image" in low
        or "pull access denied" in low
        or "unable to find image" in low
        or "failed to resolve" in low
    ):
        return HostError(f"cannot {doing}: an image is missing ({last})", "run: ./dm images build")
    if "port is already allocated" in low or "address already in use" in low:
        return HostError(f"cannot {doing}: {last}", "free the port, or move ours with its *_PORT variable (dm urls)")
    if "yaml:" in low or "validating" in low or "invalid compose" in low or "undefined" in low:
        return UserError(
            f"the Compose model is not valid: {last}", "correct the named fragment and run the command again"
        )
    if "has active endpoints" in low:
        return NetworkHeldError(f"cannot {doing}: {last}", "see: docker network inspect")
    return UnhealthyError(f"cannot {doing}: {last}", "see: ./dm status, ./dm logs")
