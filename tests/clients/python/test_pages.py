"""The Cypher of the pages: what the tutorial shows is run, everything else is planned."""

import pathlib
import re
import shutil
import tempfile

from facebolt import ROOT
from harness import Promise

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PHOTOS = ROOT / "tests" / "photos"
PARAMETERS = {"urls": [], "image": "macron.jpg", "name": "macron.jpg"}


def statements(page):
    """The blocks of Cypher, without their indentation."""
    for indent, block in re.findall(r"^( *)```cypher\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL):
        yield re.sub(rf"^{indent}", "", block, flags=re.MULTILINE).strip()


class Pages(Promise):
    """The Cypher of the pages is right."""

    needs_facebolt = True

    def test_every_statement_is_planned(self):
        """Neo4j plans every statement of README and docs, through facebolt."""
        seen = 0
        for page in PAGES:
            for text in statements(page):
                with self.subTest(page.name, text=text), self.cx.driver.session() as session:
                    summary = session.run("EXPLAIN " + text, PARAMETERS).consume()
                    self.assertIsNotNone(summary.plan)
                    seen += 1
        self.assertGreater(seen, 15)

    def test_the_tutorial_is_run(self):
        """Every statement of the tutorial, in order, on the sample photos."""
        with tempfile.TemporaryDirectory() as folder:
            for photo in PHOTOS.glob("*.jpg"):
                shutil.copy(photo, folder)
            for copy in ("a.jpg", "b.jpg"):
                shutil.copy(PHOTOS / "obama.jpg", pathlib.Path(folder) / copy)
            front = self.cx.serve(images=f'directory = "{folder}"')
            self.addCleanup(front.close)
            with self.cx.server.connect(front.address) as driver, driver.session() as session:
                names = sorted(photo.name for photo in PHOTOS.glob("*.jpg"))
                session.run(
                    "UNWIND $names AS name CALL face.embed(name) YIELD embedding, index "
                    "CREATE (:Photo {name: name})-[:SHOWS]->(:Face {name: name, embedding: embedding})",
                    names=names,
                ).consume()
                look, embed, verify, search, link, procedure, own = statements(ROOT / "docs" / "tutorial.md")
                self.assertEqual(session.run(look).data(), [])
                (row,) = session.run(embed).data()
                self.assertEqual((row["index"], row["size(embedding)"]), (0, 128))
                (row,) = session.run(verify).data()
                self.assertTrue(row["verified"])
                self.assertLess(row["distance"], 10)
                rows = session.run(search).data()
                self.assertEqual([row["node.name"] for row in rows], ["macron2.jpg", "macron.jpg"])
                created = session.run(link).consume().counters.relationships_created
                self.assertEqual(created, 8)
                self.assertEqual(len(session.run(look).data()), 16)
                (row,) = session.run(procedure).data()
                self.assertEqual((row["nodesCompared"], row["pairsFound"]), (10, 8))
                self.assertEqual(session.run(own).consume().counters.nodes_created, 4)
