"""Queries to read: those of the openCypher TCK, our labelled ones, and the statements of the differential."""

import json
import re
import subprocess
import zipfile

import prepare
from prepare import install

TCK = "1.0.0-M23"


def texts():
    """Every query once, in a fixed order."""
    labelled = json.loads((prepare.ROOT / "tests" / "data" / "cypher_recognition.json").read_text())
    groups = json.loads((prepare.HERE / "statements.json").read_text())
    ours = [entry if isinstance(entry, str) else entry["text"] for group in groups.values() for entry in group]
    return list(dict.fromkeys([*tck(), *(entry["text"] for entry in labelled), *ours]))


def tck():
    folder = prepare.WORK / "tck"
    jar = folder / f"tck-{TCK}.jar"
    if not jar.exists():
        command = [install.need("mvn", "maven"), "-q", "-B", "--strict-checksums", "dependency:copy"]
        subprocess.run([*command, f"-Dartifact=org.opencypher:tck:{TCK}", f"-DoutputDirectory={folder}"], check=True)
    with zipfile.ZipFile(jar) as archive:
        for name in sorted(name for name in archive.namelist() if name.endswith(".feature")):
            yield from queries(archive.read(name).decode())


def queries(feature):
    """The queries of a feature file; those of outlines once per row of their examples."""
    for scenario in re.split(r"\n\s*Scenario", feature)[1:]:
        tables = re.findall(r"Examples:\s*\n((?:\s*\|.*\n?)+)", scenario)
        rows = [{}]
        if tables:
            lines = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in tables[0].strip().split("\n")]
            rows = [dict(zip((cell.strip() for cell in lines[0]), line)) for line in lines[1:]]
        for query in re.findall(r"(?:executing query|executing control query|having executed):?\s*\n\s*\"\"\"\n(.*?)\n\s*\"\"\"", scenario, re.S):
            lines = query.split("\n")
            indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
            text = "\n".join(line[indent:] for line in lines)
            for row in rows:
                yield re.sub(r"<(\w+)>", lambda match: row.get(match[1], match[0]), text)
