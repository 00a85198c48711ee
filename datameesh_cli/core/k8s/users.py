"""Who an image runs as: the number in its Dockerfile, followed through its stages, or in the image's own configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping

from datameesh_cli.core.k8s.source import User
from datameesh_cli.errors import UserError


def user_of_dockerfile(reference: str, dockerfiles: Mapping[str, str]) -> str | None:
    """Given an image reference and the Dockerfiles of all images of ours by reference, return the USER of its last stage.

    A stage without one has that of the stage or image it is built from. None if the image is not ours, "" if nobody says USER.
    """
    text = dockerfiles.get(reference)
    if text is None:
        return None
    stages: dict[str, str] = {}
    current, user = "", ""
    for line in text.splitlines():
        start = re.match(r"(?i)FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", line)
        if start:
            stages[current] = user
            base = start[1].lower()
            inherited = stages[base] if base in stages else user_of_dockerfile(start[1], dockerfiles)
            user, current = inherited or "", (start[2] or "").lower()
        elif re.match(r"(?i)USER\s", line):
            user = line.split()[1]
    return user


def user_from(text: str, service: str, image: str) -> User:
    """Given what an image or a service says as its user, return it by number; the group is the user's number if not said.

    Raise UserError for root and for a name: Pod Security `restricted` accepts neither.
    """
    uid, _, gid = text.partition(":")
    if not uid.isdecimal() or (gid and not gid.isdecimal()):
        says = f"runs as '{text}'" if text else "says no user, so it runs as root"
        raise UserError(
            f"service '{service}': its image {image} {says}; Kubernetes wants a number",
            'write the number into its fragment: user: "10001"',
        )
    if int(uid) == 0:
        raise UserError(
            f"service '{service}': its image {image} runs as root, which its namespace does not allow",
            'give it a user of its own: USER 10001 in its Dockerfile, or user: "10001" in its fragment',
        )
    return User(int(uid), int(gid or uid))
