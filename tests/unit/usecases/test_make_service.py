"""`dm dev new-service`: what is written, and what is refused before anything is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datameesh_cli.core.check import checks_from
from datameesh_cli.core.new_service import NewService
from datameesh_cli.errors import DmError, UserError
from datameesh_cli.usecases.make_service import make_service
from tests.fakes.adapters import FakeEngine, fake_adapters, files_of

ASKED = NewService("sales-api", "core", "sales-domain")


def test_the_folder_is_a_service_that_the_model_knows(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    made = make_service(adapters, replace(ASKED, port=30150))
    assert made == tuple(
        f"services/sales-api/{f}" for f in ("compose.yaml", "Dockerfile", "server.py", "smoke.yaml", "README.md")
    )
    service = adapters.repository.model().service("sales-api")
    assert (service.profile, service.namespace, service.image) == ("core", "sales-domain", "datameesh/sales-api:0.1")
    assert [(p.variable, p.default) for p in service.ports] == [("SALES_API_PORT", 30150)]
    folder = tmp_path / "services" / "sales-api"
    assert len(checks_from(adapters.repository.read_yaml(folder / "smoke.yaml"), "smoke.yaml")) == 3
    assert "../services/sales-api/compose.yaml" in (tmp_path / "compose" / "compose.yaml").read_text()
    assert not [p for p in folder.iterdir() if "@" in p.read_text()], "every blank is filled in"
    compile((folder / "server.py").read_text(), "server.py", "exec")


def test_without_a_port_it_gets_the_first_that_no_service_has(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    make_service(adapters, ASKED)
    make_service(adapters, replace(ASKED, name="other"))
    ports = {s.name: [p.default for p in s.ports] for s in adapters.repository.model().services}
    assert (ports["sales-api"], ports["other"]) == ([30100], [30101])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Sales_API"}, "'Sales_API' can't be a service's name"),
        ({"name": "../x"}, "'../x' can't be a service's name"),
        ({"name": "db"}, "there is a service 'db' already"),
        ({"name": "base"}, "services/base is there already"),
        ({"profile": "cor"}, "there is no profile 'cor'"),
        ({"namespace": "Sales"}, "'Sales' can't be a namespace"),
        ({"port": 30808}, "port 30808 is that of web"),
        ({"port": 80}, "port 80 is none of ours"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    (tmp_path / "services" / "base").mkdir()
    before = files_of(tmp_path)
    with pytest.raises(DmError) as refused:
        make_service(adapters, replace(ASKED, **change))  # type: ignore[arg-type]
    assert isinstance(refused.value, UserError)
    assert refused.value.message == message
    assert files_of(tmp_path) == before
