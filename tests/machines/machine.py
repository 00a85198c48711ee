"""A user's machine: a Debian 12 of its own, with its own processes, network, disk and, in time, engine, in a container of this one.

What it may fetch, it fetches as this machine does: apt's archive, pip's index and the CA bundle are handed in as its own
configuration. Nothing of it is left behind but the bare Debian, an image that the next run starts from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters.docker_endpoint import endpoint
from datameesh_cli.adapters.host_mirrors import host_mirrors

ROOT = Path(__file__).parents[2]
MARK = "dm-machine-" + hashlib.sha256(str(ROOT).encode()).hexdigest()[:7]
"""What everything of these tests is called: another checkout may run them at the same time."""

DEBIAN = "datameesh-test/debian:12"
HOME = "/srv/datameesh"
_PACKAGES = "python3,ca-certificates,procps"
"""What every Debian that a person uses has, beyond the least."""

_CAPABILITIES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN "
    "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE "
    "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
)
"""By their number in the kernel."""

_BOOT = """
mount -o remount,rw /sys
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then  # version 2: a group with processes of its own can't have others below it
    mount -o remount,rw /sys/fs/cgroup
    mkdir -p /sys/fs/cgroup/init
    for pid in $(cat /sys/fs/cgroup/cgroup.procs); do echo "$pid" >/sys/fs/cgroup/init/cgroup.procs || true; done 2>/dev/null
    sed 's/ / +/g; s/^/+/' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
else
    for group in /sys/fs/cgroup/*/; do mountpoint -q "$group" && mount -o remount,bind,rw "$group"; done
fi
"""


def why_not() -> str:
    """Return why machines cannot be made here, "" if they can."""
    if os.geteuid() != 0:
        return "it makes machines, which takes root"
    if shutil.which("docker") is None or not endpoint().ours:
        return "it makes machines beside an engine of this one, and there is none"
    if not _has(DEBIAN) and not (shutil.which("debootstrap") and host_mirrors().apt):
        return "it makes machines of Debian, which takes debootstrap and an archive that apt is told of"
    return ""


@dataclass(frozen=True)
class Machine:
    """A machine that runs. Its root has a checkout in `HOME`."""

    name: str

    def run(self, *command: str, code: int | None = 0, timeout: float = 900, **env: str) -> str:
        """Run a command and return what it prints, errors last. Require its exit code, and that nobody prints a traceback."""
        words = [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
        done = subprocess.run(
            ["docker", "exec", "-w", HOME, *words, self.name, *command], capture_output=True, text=True, timeout=timeout
        )
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert code is None or done.returncode == code, f"{' '.join(command)} ended in {done.returncode}\n{said}"
        return said

    def dm(self, *args: str, code: int = 0, **env: str) -> str:
        """Run `./dm` as the user does, and return what it prints."""
        return self.run("./dm", *args, code=code, **env)

    def fix(self, code: int = 0, **env: str) -> dict[str, Any]:
        """Run `dm doctor --fix --yes` and return what it found and did."""
        said = self.dm("doctor", "--fix", "--yes", "--output", "json", code=code, **env)
        found: dict[str, Any] = json.JSONDecoder().raw_decode(said[said.index("{") :])[0]
        return found

    def python(self, program: str, **env: str) -> str:
        """Run a Python program that knows the package, in dm's own environment."""
        return self.run(".venv/bin/python", "-c", program, PYTHONPATH=HOME, **env)

    def engines(self) -> list[str]:
        """The numbers of the engines that run (an ended one that nobody has asked for is none)."""
        lines = self.run("ps", "-eo", "pid,stat,comm").splitlines()
        return [
            pid for pid, state, name in (line.split(None, 2) for line in lines) if name == "dockerd" and state[0] != "Z"
        ]

    def packages(self) -> str:
        """All installed packages with their versions."""
        return self.run("dpkg-query", "-W")

    def install(self, *names: str) -> None:
        """Install packages as its user would."""
        self.run("sh", "-c", f"apt-get -q update && apt-get -y -q --no-install-recommends install {' '.join(names)}")

    def put(self, source: Path, target: str) -> None:
        """Copy a file of ours into it."""
        self.run("mkdir", "-p", str(Path(target).parent))
        _docker("cp", "-L", str(source), f"{self.name}:{target}")

    def write(self, target: str, text: str) -> None:
        """Write a file in it."""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            Path(file.name).chmod(0o644)
            self.put(Path(file.name), target)


def start(name: str) -> Machine:
    """Given a name, start a machine with a checkout as it is now, and nothing else that a Debian has not."""
    remove(name)
    machine = Machine(f"{MARK}-{name}")
    proxies = [word for key, value in host_mirrors().proxies.items() for word in ("--env", f"{key}={value}")]
    _docker(
        *("run", *proxies, "--detach", "--name", machine.name, "--hostname", name, "--network", MARK, *_powers()),
        *("--volume", "/var/lib/docker", "--volume", f"{MARK}-apt:/var/cache/apt/archives"),
        *("--volume", f"{MARK}-pip:/var/cache/pip", DEBIAN, "sh", "-c", "while sleep 2; do :; done"),
    )
    _docker("exec", machine.name, "sh", "-ec", _BOOT)
    _docker("exec", machine.name, "mkdir", "-p", HOME)
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    names = b"\0".join(n for n in listed.stdout.split(b"\0") if n and (ROOT / os.fsdecode(n)).is_file())
    packed = subprocess.run(
        ["tar", "-c", "--null", "--owner=0", "--group=0", "-T", "-"],
        cwd=ROOT,
        input=names,
        capture_output=True,
        check=True,
    )
    subprocess.run(["docker", "exec", "-i", machine.name, "tar", "-x", "-C", HOME], input=packed.stdout, check=True)
    _configure(machine)
    return machine


def prepare() -> None:
    """Make what the machines share: the bare Debian, a network, and what was fetched once."""
    tidy()
    if not _has(DEBIAN):
        _make_debian()
    _docker("network", "create", MARK)


def remove(name: str) -> None:
    """Remove a machine with its disk, if it is there."""
    subprocess.run(["docker", "rm", "-f", "-v", f"{MARK}-{name}"], capture_output=True, check=False, timeout=120)


def tidy() -> None:
    """Remove everything but the bare Debian."""
    there = _docker("ps", "-aq", "--filter", f"name={MARK}-").split()
    if there:
        _docker("rm", "-f", "-v", *there)
    for kind, names in (("network", [MARK]), ("volume", [f"{MARK}-apt", f"{MARK}-pip"])):
        subprocess.run(["docker", kind, "rm", *names], capture_output=True, check=False, timeout=120)


def _configure(machine: Machine) -> None:
    """Hand in how this machine reaches packages."""
    mirrors = host_mirrors()
    main, _, security = mirrors.archives.get("APT_MIRROR", "").partition(" ")
    suites = [(main, "bookworm"), (security, "bookworm-security")]
    machine.write("/etc/apt/sources.list", "".join(f"deb {a} {s} main\n" for a, s in suites if a))
    dumped = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout.splitlines()
    wanted = ("Acquire::http", "Acquire::Check-", "Acquire::Retries")
    machine.write("/etc/apt/apt.conf.d/90host", "\n".join(line for line in dumped if line.startswith(wanted)) + "\n")
    settings = ["[global]", "timeout = 180", "cache-dir = /var/cache/pip"]
    if "PIP_INDEX_URL" in mirrors.archives:
        settings.append(f"index-url = {mirrors.archives['PIP_INDEX_URL']}")
    if "ca" in mirrors.secrets:
        machine.put(mirrors.secrets["ca"], "/etc/ssl/certs/ca-certificates.crt")
        settings.append("cert = /etc/ssl/certs/ca-certificates.crt")
    machine.write("/etc/pip.conf", "\n".join(settings) + "\n")


def _powers() -> list[str]:
    """What lets a container be a machine: all that this machine may, in name spaces of its own."""
    status = Path("/proc/self/status").read_text().splitlines()
    held = int(next(line.split()[1] for line in status if line.startswith("CapBnd:")), 16)
    # An engine that lacks one itself refuses --privileged altogether.
    lacking = [
        word for n, name in enumerate(_CAPABILITIES.split()) if not held >> n & 1 for word in ("--cap-drop", name)
    ]
    free = [w for kind in ("seccomp", "apparmor", "systempaths") for w in ("--security-opt", f"{kind}=unconfined")]
    return ["--cap-add", "ALL", *lacking, *free, "--device-cgroup-rule", "a *:* rwm"]


def _make_debian() -> None:
    with tempfile.TemporaryDirectory(prefix=MARK) as folder:
        tree = Path(folder) / "root"
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", str(tree), host_mirrors().apt],
            capture_output=True, text=True, timeout=1500,
        )  # fmt: skip
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
        packed = Path(folder) / "debian.tar"
        without = ["--exclude=./dev/*", "--exclude=./var/cache/apt/archives/*.deb"]
        subprocess.run(["tar", "-C", str(tree), "--numeric-owner", *without, "-cf", str(packed), "."], check=True)
        _docker("import", str(packed), DEBIAN)


def _has(image: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0


def _docker(*args: str) -> str:
    done = subprocess.run(["docker", *args], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"docker {' '.join(args[:6])}: {done.stderr}"
    return done.stdout


def docker_of_this_machine() -> Path:
    """The docker command of this machine."""
    found = shutil.which("docker")
    assert found
    return Path(found).resolve()


def compose_of_this_machine() -> Path:
    """The Compose plugin of this machine."""
    info: Any = json.loads(_docker("info", "--format", "{{json .ClientInfo.Plugins}}"))
    return Path(next(plugin["Path"] for plugin in info if plugin["Name"] == "compose"))
