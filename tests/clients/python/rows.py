"""What tests of CALL on rows share: photos in the graph."""

from harness import Promise

PROCEDURE_FAILED = "Neo.ClientError.Procedure.ProcedureCallFailed"
CALL = "CALL face.embed(p.url) YIELD embedding, index"


class Rows(Promise):
    needs_facebolt = True
    names = ("obama.jpg", "biden.jpg", "macron.jpg")

    def setUp(self):
        super().setUp()
        for name in self.names:
            self.create(name, self.cx.images.url(name))

    def create(self, name, url):
        self.cx.server.query("CREATE (:Photo {name: $name, url: $url})", name=name, url=url)

    def embeddings(self, names=None):
        """What each photo has, asked for with a constant argument."""
        text = "CALL face.embed($url) YIELD embedding"
        return {name: self.query(text, url=self.cx.images.url(name))[0]["embedding"] for name in names or self.names}

    def stored(self):
        rows = self.cx.server.query("MATCH (p:Photo) WHERE p.e IS NOT NULL RETURN p.name AS name, p.e AS e")
        return {row["name"]: row["e"] for row in rows}
