"""Keys, certificates and kubeconfigs of one life of the cluster; made by openssl, thrown away with the state folder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cluster.node.failure import Failure
from tests.cluster.node.layout import API_SERVICE, INSIDE, NODE, Place, State

_DAYS = "30"
_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

# kubeconfig -> subject: what the authorizers of Kubernetes know these parts by.
CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "controller-manager": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE}",
    "proxy": "/CN=system:kube-proxy",
    "router": "/CN=kube-router",
}


def _openssl(folder: Path, *argv: str) -> None:
    try:
        done = subprocess.run(["openssl", *argv], cwd=folder, text=True, capture_output=True)
    except FileNotFoundError:
        raise Failure("openssl is not there", "install it (Debian: apt-get install openssl)", skip=True) from None
    if done.returncode:
        raise Failure(f"openssl {argv[0]} failed: {done.stderr[-500:]}", "OpenSSL 3.0 or newer is needed")


def _authority(folder: Path, name: str) -> None:
    files = ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
    _openssl(folder, "req", "-x509", *_NEW_KEY, "-days", _DAYS, "-subj", f"/CN=datameesh-{name}", *files)


def _certificate(folder: Path, name: str, subject: str, use: str, names: str = "", ca: str = "ca") -> None:
    more = ["-addext", f"subjectAltName={names}"] if names else []
    signer = ["-CA", f"{ca}.crt", "-CAkey", f"{ca}.key"]
    files = ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
    extensions = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"extendedKeyUsage={use}", *more]
    _openssl(folder, "req", "-x509", *_NEW_KEY, "-days", _DAYS, "-subj", subject, *extensions, *signer, *files)


def _kubeconfig(path: Path, place: Place, tls: Path, client: str) -> None:
    """JSON is YAML. Files are named, not embedded, so that one listing shows what is used."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": place.api, "certificate-authority": str(tls / "ca.crt")}}],
        "users": [
            {
                "name": "u",
                "user": {"client-certificate": str(tls / f"{client}.crt"), "client-key": str(tls / f"{client}.key")},
            }
        ],
        "contexts": [{"name": "datameesh-cluster", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "datameesh-cluster",
    }
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    path.chmod(0o600)


def make(state: State) -> None:
    """Everything below `tls/`, the kubeconfigs of the parts, and the administrator's for the host."""
    tls, place = state.tls, state.place
    _authority(tls, "ca")
    # A separate authority: who holds a client certificate of the cluster must not be able to pose as its front proxy.
    _authority(tls, "front-ca")
    _certificate(tls, "front", "/CN=front-proxy-client", "clientAuth", ca="front-ca")
    service = (
        "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
    )
    addresses = f"IP:{API_SERVICE},IP:{place.node_address},IP:127.0.0.1"
    _certificate(tls, "apiserver", "/CN=kube-apiserver", "serverAuth", f"{service},DNS:localhost,{addresses}")
    _certificate(tls, "apiserver-kubelet", "/O=system:masters/CN=apiserver-kubelet", "clientAuth")
    _certificate(tls, "kubelet-serving", f"/CN={NODE}", "serverAuth", f"DNS:{NODE},IP:{place.node_address}")
    _openssl(tls, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "accounts.key")
    _openssl(tls, "pkey", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
    for client, subject in CLIENTS.items():
        _certificate(tls, client, subject, "clientAuth")
        _kubeconfig(state.folder / "config" / f"{client}.kubeconfig", place, INSIDE / "tls", client)
    _kubeconfig(state.kubeconfig, place, tls, "admin")
