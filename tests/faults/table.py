"""Rows of what was done, expected and seen."""

import dataclasses
import json
import time

PATIENCE = 40


@dataclasses.dataclass(frozen=True)
class Row:
    fault: str
    expected: str
    seen: str
    good: bool


def settled(measure, wanted):
    """What is measured once it is as `wanted`, or, where that is None, once it stands still; else the last."""
    deadline = time.monotonic() + PATIENCE
    last = None
    while time.monotonic() < deadline:
        now = measure()
        now = dict(now) if isinstance(now, dict) else now
        aim = wanted()
        if now == (last if aim is None else aim):
            return now
        last = now
        time.sleep(0.05)
    return last


def kept(folder, part, version, rows):
    """Writes down the rows of a part for `told`."""
    file = folder / f"{part}.json"
    rows = [dataclasses.asdict(row) for row in rows]
    file.write_text(json.dumps({"server": version, "date": time.strftime("%Y-%m-%d"), "rows": rows}))


def told(folder, part):
    """The last run of a part, as Markdown; nothing if there was none."""
    file = folder / f"{part}.json"
    if not file.exists():
        return ""
    last = json.loads(file.read_text())
    lines = [f"## {part.capitalize()}", "", f"Neo4j {last['server']}, {last['date']}.", ""]
    lines += ["| # | fault | expected | seen |", "|---|---|---|---|"]
    for number, row in enumerate(last["rows"], 1):
        lines.append(f"| {number} | {row['fault']} | {row['expected']} | {row['seen']} |")
    return "\n".join(lines) + "\n\n"
