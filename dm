#!/bin/sh
# Makes dm's environment from the lock file on first use (or when the lock changed), then runs dm.
# Needs Python 3.10 or newer with venv. DM_PYTHON chooses another Python.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0" 2>/dev/null || echo "$0")")" && pwd)
venv=$root/.venv
lock=requirements.lock
stamp=$venv/dm.lock

die() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 3
}

find_python() {
    for candidate in ${DM_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python3.10 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            printf '%s' "$candidate"
            return 0
        fi
    done
    return 1
}

# What Python lacks is installed where the user said --yes and it can be done; otherwise it is named.
install() {
    case " $args " in
    *" --yes "* | *" -y "* | *" --fix "*) ;;
    *) return 1 ;;
    esac
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    echo "dm: installing $*" >&2
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_python() {
    python=$(find_python) && return 0
    [ -z "${DM_PYTHON:-}" ] && install python3 python3-venv && python=$(find_python) && return 0
    die "no Python 3.10 or newer was found" "install it (Debian, Ubuntu: apt-get install python3 python3-venv), or set DM_PYTHON"
}

# Debian's python3 comes without venv's part.
need_venv() {
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && return 0
    install python3-venv && return 0
    die "this Python has no venv module" "install it (Debian, Ubuntu: apt-get install python3-venv) and run the command again"
}

# The Python that it was made of may have gone with an upgrade of the system.
is_current() {
    [ -x "$venv/bin/python" ] && cmp -s "$root/$1" "$2" 2>/dev/null
}

make_environment() {
    if ! is_current requirements.lock "$venv/dm.lock"; then
        need_python
        need_venv
        echo "dm: making its environment in .venv (first use or a changed lock; about half a minute)" >&2
        rm -rf "$venv" && "$python" -m venv "$venv" || die "the environment could not be made" "see the message above"
    fi
    if [ "$lock" != requirements.lock ]; then
        echo "dm: adding what the tests need" >&2
    fi
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input --require-hashes -r "$root/$lock" >&2 ||
        die "the packages of $lock could not be installed" "see the message above; the package index must be reachable"
    cp "$root/requirements.lock" "$venv/dm.lock" && cp "$root/$lock" "$stamp" ||
        die "the environment could not be finished" "see the message above"
}

args=$*
# A root shell from plain `su` has no path to the programs of the system: dpkg, dockerd and debootstrap need them.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
case "${1:-} ${2:-} " in
"test "* | "dev test "*)
    lock=requirements-test.lock
    stamp=$venv/dm-test.lock
    ;;
esac
is_current "$lock" "$stamp" || make_environment
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
exec "$venv/bin/python" -m datameesh_cli "$@"
