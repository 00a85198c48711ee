"""A Kubernetes cluster of one node for the tests, in namespaces of its own."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from tests.cluster.node import images
from tests.cluster.node.failure import Failure, heed_signals
from tests.cluster.node.layout import State
from tests.cluster.node.lifecycle import Cluster
from tests.cluster.node.stage import SKIPPED, stage
from tests.cluster.node.tools import Cache


def _parser() -> argparse.ArgumentParser:
    epilog = (
        "exit codes: 0 done, 1 a check failed, 2 wrong words, 3 the machine or the cluster; of `stage` also 77 skipped"
    )
    parser = argparse.ArgumentParser(prog="tests/cluster/cluster", description=__doc__, epilog=epilog)
    parser.add_argument(
        "--state", type=Path, help="folder of the running cluster (default: ~/.local/state/datameesh/cluster)"
    )
    parser.add_argument(
        "--cache", type=Path, help="folder of the built tools (default: ~/.cache/datameesh/cluster/<key>)"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="start it, and wait until node, DNS and figures are there")
    verbs.add_parser("down", help="end it, and remove everything that it made")
    verbs.add_parser("status", help="what runs, and its memory").add_argument("--json", action="store_true")
    verbs.add_parser("kubeconfig", help="print the path of the administrator's kubeconfig")
    verbs.add_parser("load", help="carry images of the engine over").add_argument("images", nargs="+", metavar="IMAGE")
    verbs.add_parser("kubectl", help="run kubectl on it; every word that follows is kubectl's")
    staged = verbs.add_parser("stage", help="up, the cluster's own tests, down; 77 when it cannot run here")
    staged.add_argument(
        "--minutes", type=float, help="time there is; with --build it decides whether a missing cache is built"
    )
    staged.add_argument("--build", action="store_true", help="build what the cache lacks")
    return parser


def _status(cluster: Cluster, as_json: bool) -> int:
    status = cluster.status()
    if as_json:
        print(json.dumps(status, indent=1))
    elif status["running"]:
        for name, part in status["components"].items():
            print(f"{name:24} {part['mib']:5} MiB  pid {part['pid']:<8} started {part['starts']} x")
        print(f"{'supervisor':24} {status['supervisor_mib']:5} MiB")
        print(f"{str(status['shims']) + ' shims of pods':24} {status['shims_mib']:5} MiB")
        print(f"API {status['api']}, NodePorts at {status['node_address']}\nKUBECONFIG={status['kubeconfig']}")
    else:
        print(f"not running (state {status['state']}, tools {status['cache']})")
    return 0 if status["running"] else 3


def _run(args: argparse.Namespace, rest: list[str]) -> int:
    state = State(args.state.absolute()) if args.state else State.default()
    cluster = Cluster(state, Cache(args.cache.absolute()) if args.cache else Cache.default())
    if args.verb == "up":
        cluster.up()
    elif args.verb == "down":
        cluster.down()
    elif args.verb == "status":
        return _status(cluster, args.json)
    elif args.verb == "kubeconfig":
        cluster.inner()
        print(state.kubeconfig)
    elif args.verb == "load":
        for name in images.load(cluster.inner().enter(), state, args.images):
            print(f"loaded {name}")
    elif args.verb == "stage":
        return stage(cluster, args.build, args.minutes)
    else:
        cluster.inner()
        kubectl = str(cluster.cache.bin / "kubectl")
        os.execv(kubectl, [kubectl, "--kubeconfig", str(state.kubeconfig), *rest])
    return 0


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """What follows the verb kubectl is not for this program: argparse would take kubectl's own options for its own."""
    for number, word in enumerate(words):
        if word in ("up", "down", "status", "kubeconfig", "load", "stage"):
            break
        if word == "kubectl":
            return words[: number + 1], words[number + 1 :]
    return words, []


def main() -> int:
    words, rest = _split(sys.argv[1:])
    args = _parser().parse_args(words)
    heed_signals()
    try:
        return _run(args, rest)
    except Failure as failed:
        print(f"error: {failed}" + (f"\nhint: {failed.hint}" if failed.hint else ""), file=sys.stderr)
        return SKIPPED if failed.skip and args.verb == "stage" else 3
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
