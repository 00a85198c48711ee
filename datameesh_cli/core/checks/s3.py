"""What lies in the object store."""

from __future__ import annotations

from datameesh_cli.core.expectation import Answer, Expect, OfRows, each_of
from datameesh_cli.core.kind import Kind, Needs, Primitives
from datameesh_cli.core.roles import OBJECT_STORE
from datameesh_cli.core.schema import Text, declared, key
from datameesh_cli.core.volatile import of_rows, shortened


@declared
class S3(Kind):
    """The objects below `bucket/prefix`: rows (key, size)."""

    called = "s3"
    expects = OfRows

    list: Text = key("Below what.", example="datalake/raw/")

    @property
    def needs(self) -> Needs:
        return Needs(roles=(OBJECT_STORE,))

    def run(self, stack: Primitives) -> Answer:
        return stack.objects(self.list)

    def normalised(self, seen: Answer, expect: Expect) -> str:
        """Of a whole lake, what the check looks for: other checks come and go beside it."""
        keys = {str(row[0]) for row in seen.rows}
        wanted = [w for w in each_of(expect.said.get("contains", ())) if isinstance(w, str)]
        if wanted:
            return shortened("; ".join(f"{w}: {'there' if any(w in k for k in keys) else 'missing'}" for w in wanted))
        return shortened("; ".join(sorted({of_rows(k) for k in keys})))
