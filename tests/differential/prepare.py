"""The two sides: a Neo4j with the procedure in it, and facebolt in front of that same Neo4j."""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "clients" / "python"), str(ROOT / "tests" / "neo4j")]

import facebolt
import install
import instance
import play

WORK = facebolt.TARGET / "differential"
IMAGES = WORK / "images"
PHOTOS = ROOT / "tests" / "photos"
NAME = "differential"
FAILED = f"Failed to invoke procedure `{play.PROCEDURE}`: Caused by: java.lang.RuntimeException: "

# Each image with each configuration is what the procedure knows the rows of. Keys are sorted, as it sorts them.
FILES = ("obama.jpg", "biden.jpg", "three.png", "empty.png", "text.txt", "missing.jpg", "", "5", "thr\\ee.png", "é ü%41?#/'\"\\.jpg")
CONFIGURATIONS = (
    {},
    {"maxFaces": 1},
    {"maxFaces": 2},
    {"select": "largest"},
    {"normalization": "l2"},
    {"minConfidence": 0.99},
    {"maxFaces": 2, "minConfidence": 0.99},
    {"maxFaces": None},
    {"maxFaces": 1, "select": None},
    {"onNoFace": "error"},
    {"nope": 1},
    {"key": 0, "name": "a", "url": "obama.jpg"},
    {"maxFaces": "x"},
    {"maxFaces": "obama.jpg"},
    {"maxFaces": 1.5},
    {"maxFaces": -1},
    {"maxFaces": [1]},
    {"maxFaces": []},
    {"maxFaces": {"a": 1}},
    {"model": "nope"},
    {"select": ""},
)


class Sides:
    """Both sides of one Neo4j version, until `close`."""

    def __init__(self, version):
        self._closing = contextlib.ExitStack()
        of = install.release(version)
        jar = _jar()
        _images()
        ran = instance.Instance(of, name=NAME).running()
        self.server = ran or instance.Instance(of, name=NAME).start(plugins=[jar])
        if not ran:
            self._closing.callback(instance.Instance(of, name=NAME).stop)
        try:
            proxy = facebolt.Facebolt(self.server["bolt"], WORK / version, {"images": f'directory = "{IMAGES}"'})
            self._closing.callback(proxy.close)
            self.direct, self.facebolt = self._client(self.server["bolt"]), self._client(proxy.address)
            self.old_direct = self._client(self.server["bolt"], old=True)
            self.old_facebolt = self._client(proxy.address, old=True)
            self._answers()
        except BaseException:
            self.close()
            raise

    def close(self):
        self._closing.close()

    def _client(self, address, old=False):
        client = play.Client(address, self.server, old)
        self._closing.callback(client.close)
        return client

    def _answers(self):
        """Lays beside the server the rows that the procedure is to have. A program is asked for them once."""
        kept = WORK / "answers.json"
        newest = max(pathlib.Path(path).stat().st_mtime for path in (facebolt.binary(), __file__))
        if not kept.exists() or kept.stat().st_mtime < newest:
            kept.write_text(json.dumps(self._computed()))
        shutil.copy(kept, pathlib.Path(self.server["home"]) / "answers.json")

    def _computed(self):
        answers = []
        for image in FILES:
            for configuration in CONFIGURATIONS:
                parameters = {"image": image, "configuration": configuration}
                replies = self.facebolt.auto(f"CALL {play.PROCEDURE}($image, $configuration)", parameters)
                answer = {"call": [image, configuration]}
                kind, content = replies[-1]
                if kind == "success":
                    columns = replies[0][1]["fields"]
                    answer["rows"] = [dict(zip(columns, row)) for kind, row in replies[1:-1]]
                else:
                    if not content["message"].startswith(FAILED):
                        raise SystemExit(f"{answer['call']}: {content}")
                    answer["failure"] = content["message"].removeprefix(FAILED)
                answers.append(answer)
        faces = {answer["call"][0]: len(answer.get("rows", ())) for answer in answers if answer["call"][1] == {}}
        if [faces[name] for name in FILES[:4]] != [1, 1, 3, 0]:
            raise SystemExit(f"the pictures do not show the faces that they should: {faces}")
        return answers


def _jar():
    """The procedure, compiled against the oldest Neo4j: a newer one takes it, but not every javac its classes."""
    of = install.RELEASES[0]
    source = HERE / "procedure" / "Embed.java"
    jar = WORK / "embed.jar"
    if jar.exists() and jar.stat().st_mtime > source.stat().st_mtime:
        return jar
    classes = WORK / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    classes.mkdir(parents=True)
    javac, package = install.need("javac", "default-jdk-headless"), install.need("jar", "default-jdk-headless")
    options = ["-proc:none", "-nowarn", "--release", "17", "-cp", f"{install.neo4j(of)}/*"]
    subprocess.run([javac, *options, "-d", classes, source], check=True)
    subprocess.run([package, "--create", "--file", jar, "-C", classes, "."], check=True)
    return jar


def _images():
    """Pictures with one, three and no face, small to be quick, and a file that is no picture."""
    if (IMAGES / "text.txt").exists():
        return
    IMAGES.mkdir(parents=True, exist_ok=True)
    of = {"obama.jpg": ["obama.jpg"], "biden.jpg": ["biden.jpg"], "empty.png": []}
    of["three.png"] = ["obama.jpg", "biden.jpg", "macron2.jpg"]
    java, program = install.need("java", "default-jdk-headless"), HERE / "procedure" / "Collage.java"
    for name, photos in of.items():
        photos = [PHOTOS / photo for photo in photos]
        subprocess.run([java, "-Djava.awt.headless=true", program, IMAGES / name, *photos], check=True)
    (IMAGES / "text.txt").write_text("this is not an image")
