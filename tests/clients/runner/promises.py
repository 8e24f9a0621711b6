"""What every client is promised, whatever its language: the one list that all of them run."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Promise:
    """One row of the table. `native` is the kind of statement that facebolt must have done itself."""

    name: str
    text: str
    native: str = ""

    @property
    def needs_facebolt(self):
        """Whether a Neo4j with GDS alone cannot keep it."""
        return self.name.startswith("embed") or self.name == "away"


PROMISES = (
    Promise("plain", "null, booleans, integers, floats, strings, bytes, lists and maps, there and back"),
    Promise("temporal", "dates, times and durations, there and back"),
    Promise("spatial", "points in two and three dimensions, there and back"),
    Promise("graph", "nodes, relationships and a path"),
    Promise("vector", "vectors, there and back (2026.08)"),
    Promise("summary", "counters, database and server in the summary"),
    Promise("error", "a syntax error: code, GQLSTATUS and text"),
    Promise("commit", "an explicit transaction is kept by commit"),
    Promise("rollback", "and dropped by rollback, and when it is not closed"),
    Promise("killed", "a managed transaction is retried when its connection is lost"),
    Promise("away", "a managed transaction is retried as long as facebolt cannot reach Neo4j"),
    Promise("deadlock", "two managed transactions that block each other both succeed"),
    Promise("bookmarks", "bookmarks chain sessions; a bad one is refused"),
    Promise("impersonation", "impersonation is refused as Neo4j Community refuses it"),
    Promise("large", "100,000 rows, fetched by hundreds"),
    Promise("abandon", "a result left in the middle, and the connection used again"),
    Promise("timeout", "a transaction timeout ends a long statement"),
    Promise("cancel", "a running statement is cancelled the client's own way, and ends on the server"),
    Promise("password", "a wrong password is refused"),
    Promise("user", "another user on the same pool of connections"),
    Promise("routing", "neo4j:// finds its way and stays on the address it was given"),
    Promise("access", "a session that may only read is refused a write"),
    Promise("concurrent", "twenty sessions at once"),
    Promise("batches", "CALL IN TRANSACTIONS in auto-commit; refused in an explicit transaction"),
    Promise("embed_literal", "face.embed of a photo in a literal", native="face.embed"),
    Promise("embed_parameter", "face.embed of a photo in a parameter, in a managed transaction", native="face.embed"),
    Promise("embed_row", "face.embed of the photo in each row", native="face.embed"),
    Promise("embed_error", "face.embed of no image: the error of a procedure"),
    Promise("embed_explain", "EXPLAIN of face.embed has a plan and no row"),
    Promise("link_auto", "the link query, auto-commit: 169 created and 338 set, then 0 and 338", native="link"),
    Promise("link_managed", "the link query in a managed write transaction: the same", native="link"),
)
