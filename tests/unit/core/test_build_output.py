"""core/build_output: what a line of a build's output says is being done."""

from __future__ import annotations

import pytest

from datameesh_cli.core.build_output import doing, without_passwords


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("I: Retrieving libc6 2.41-12", "fetching libc6"),
        ("I: Extracting dpkg...", "unpacking dpkg"),
        ("#6 3.514 Unpacking openjdk-25-jdk-headless:amd64 (25.0.1) ...", "unpacking openjdk-25-jdk-headless:amd64"),
        ("#6 9.1 Setting up git (1:2.47.3-0) ...", "setting up git"),
        ("#6 1.0 Get:3 http://d.example/debian trixie/main amd64 git amd64 1:2.47 [7862 kB]", "fetching git"),
        (
            "#11 4.2 Downloading from central: https://m.example/io/trino/trino-server/476/trino-server-476.tar.gz",
            "fetching trino-server-476.tar.gz",
        ),
        (
            "#11 4.2 [INFO] Downloading from central: https://m.example/x/commons-io-2.8.0.jar",
            "fetching commons-io-2.8.0.jar",
        ),
        ("#9 12.01 go: downloading github.com/minio/console v1.7.7", "fetching github.com/minio/console"),
        ("#9 60.40 github.com/minio/minio/internal/grid", "compiling github.com/minio/minio/internal/grid"),
        ("#9 20.40 crypto/tls", "compiling crypto/tls"),
        ("#8 2.6 Collecting dbt-core==1.11.16", "fetching dbt-core==1.11.16"),
        ("#8 9.6 Installing collected packages: pytz, attrs", "installing Python packages"),
        ("#20 31.8 train: Trino is ready", "training: Trino is ready"),
        ("#21 exporting layers", "writing the image"),
        ("#5 [train 2/10] COPY --from=postgres / /", "copying files"),
        ("#5 [build 2/4] WORKDIR /src", None),
        ("#5 DONE 0.1s", None),
        ("", None),
    ],
)
def test_a_line_says_what_is_fetched_unpacked_or_compiled(line: str, says: str | None) -> None:
    assert doing(line) == says


def test_a_password_in_an_address_is_left_out() -> None:
    line = "Get:1 https://me:geheim@mirror.example/debian trixie InRelease, mail a@b.example"
    assert without_passwords(line) == "Get:1 https://mirror.example/debian trixie InRelease, mail a@b.example"
