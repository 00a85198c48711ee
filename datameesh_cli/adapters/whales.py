"""What the docker command says when it fails, as our errors."""

from __future__ import annotations

from datameesh_cli.adapters.answers import short
from datameesh_cli.errors import DmError, HostError, UnhealthyError, UserError

_NO_ENGINE = (
    "cannot connect to the docker daemon",
    "is the docker daemon running",
    "error during connect",
    "failed to connect to the docker api",
)


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
    return UnhealthyError(f"cannot {doing}: {last}", "see: ./dm status, ./dm logs")
