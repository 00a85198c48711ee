"""Certificates: the authority of the stack gave them, what is made here is only the text that a container reads."""

from __future__ import annotations

from datameesh_cli.core.identity.material import Material


def certificate(material: Material) -> str:
    """Given what there is, return the service's key, its certificate and the authority's, as PEM."""
    return material.certificate


def authority(material: Material) -> str:
    """Given what there is, return the authority's certificate as PEM: what a client must trust."""
    return material.authority
