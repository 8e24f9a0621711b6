"""`facebolt check`: each common mistake, made for real, is told with its mend."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.parse

import facebolt
from facebolt import TARGET
from harness import SERVER_TOOL, Promise

SECONDS = 60
# An ONNX Runtime without the API that we ask for.
OLD_RUNTIME = (
    "onnxruntime==1.20.1 --hash=sha256:5eec64c0269dcdb8d9a9a53dc4d64f87b9e0c19801d9321246a53b7eb5a7d1bc\n"
)


class Check(Promise):
    """`facebolt check` finds what is wrong, and says how to mend it."""

    needs_facebolt = True

    def setUp(self):
        super().setUp()
        self.folder = TARGET / "clients" / "check"
        self.folder.mkdir(parents=True, exist_ok=True)

    def check(self, backend=None, environment=None, password=None, **sections):
        """Runs it with ports of its own; status, and answers by what they are about."""
        listen, admin, callback = facebolt._free_ports(3)
        given = {
            "FACEBOLT_LISTEN__ADDRESS": f"127.0.0.1:{listen}",
            "FACEBOLT_ADMIN__LISTEN": f"127.0.0.1:{admin}",
            "FACEBOLT_CALLBACK__LISTEN": f"127.0.0.1:{callback}",
            "FACEBOLT_CALLBACK__URL": f"http://127.0.0.1:{callback}",
            "FACEBOLT_BACKEND__URL": backend or f"bolt://{self.cx.server.address}",
            "NEO4J_PASSWORD": self.cx.server.password if password is None else password,
        }
        done = subprocess.run(
            [facebolt.binary(), "check"],
            cwd=self.folder,
            env=surroundings() | given | (environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        answers = {}
        for line in done.stdout.splitlines():
            state, about, text = line.split(maxsplit=2)
            answers.setdefault(about, (state, text))
        self.assertEqual(done.returncode, 0 if all(state == "ok" for state, _ in answers.values()) else 1, done)
        self.assertNotIn(self.cx.server.password, done.stdout + done.stderr)
        return answers

    def assert_told(self, answers, about, *words, state="failed"):
        """This is wrong, and said in these words; nothing else is wrong."""
        found, text = answers[about]
        self.assertEqual(found, state, answers)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual([other for other in answers if answers[other][0] == "failed" and other != about], [], answers)

    def test_all_is_ok(self):
        """All is ok."""
        answers = self.check()
        self.assertEqual({about: state for about, (state, _) in answers.items()}, dict.fromkeys(answers, "ok"), answers)
        self.assertEqual([*answers], ["listen", "backend", "login", "callback", "models", "embedding"])
        self.assertIn(f"Neo4j/{self.cx.version} lets neo4j in", answers["login"][1])
        self.assertIn("one face", answers["embedding"][1])

    def test_beside_one_that_serves(self):
        """A facebolt that serves already is used, not in the way."""
        with self.serving() as environment:
            answers = self.check(environment=environment)
            self.assertEqual({state for state, _ in answers.values()}, {"ok"}, answers)
            self.assertIn("serves there already", answers["listen"][1])
            self.assertIn("through the facebolt that serves", answers["callback"][1])

    def test_beside_one_that_is_not_reached(self):
        """A facebolt that serves, and that Neo4j does not reach."""
        with self.serving(url="http://127.0.0.1:9") as environment:
            self.assert_told(self.check(environment=environment), "callback", "callback.url")

    @contextlib.contextmanager
    def serving(self, **callback):
        server = self.cx.serve()
        self.addCleanup(server.close)
        if callback:
            lines = f'listen = "{server.callback}"\nurl = "{callback["url"]}"'
            server.close()
            server = self.cx.serve(callback=lines)
        text = server.config.read_text()
        url = next(line for line in text.splitlines() if line.startswith("url = ")).split('"')[1]
        listen = next(line for line in text.splitlines() if line.startswith("listen = ")).split('"')[1]
        try:
            yield {
                "FACEBOLT_LISTEN__ADDRESS": server.address,
                "FACEBOLT_ADMIN__LISTEN": urllib.parse.urlsplit(server._admin).netloc,
                "FACEBOLT_CALLBACK__LISTEN": listen,
                "FACEBOLT_CALLBACK__URL": url,
            }
        finally:
            server.close()

    def test_a_port_that_is_taken(self):
        """A port that another program has."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            for key in ("LISTEN__ADDRESS", "CALLBACK__LISTEN", "ADMIN__LISTEN"):
                with self.subTest(key):
                    address = f"127.0.0.1:{taken.getsockname()[1]}"
                    name = key.lower().replace("__", ".")
                    answers = self.check(environment={f"FACEBOLT_{key}": address})
                    self.assert_told(answers, "listen", f'{name} = "{address}"', "ss -ltnp", f"or set {name}")

    def test_an_address_of_another_machine(self):
        """An address to listen on that this machine does not have."""
        answers = self.check(environment={"FACEBOLT_LISTEN__ADDRESS": "192.0.2.1:7688"})
        self.assert_told(answers, "listen", "listen.address must name an address of this machine")

    def test_no_backend(self):
        """Neo4j does not run."""
        (port,) = facebolt._free_ports(1)
        answers = self.check(f"bolt://127.0.0.1:{port}")
        self.assert_told(answers, "backend", f"127.0.0.1:{port}", "refused", "start Neo4j, or set backend.url")
        self.assertEqual(answers["login"][0], "unknown")
        self.assertEqual(answers["callback"][0], "unknown")

    def test_no_such_host(self):
        """The backend's name has no address."""
        self.assert_told(self.check("bolt://neo4j.invalid:7687"), "backend", "neo4j.invalid", "set backend.url")

    def test_the_http_port(self):
        """backend.url names Neo4j's HTTP port."""
        http = urllib.parse.urlsplit(self.cx.server.http).netloc
        self.assert_told(self.check(f"bolt://{http}"), "backend", "speaks HTTP, not Bolt", "mostly 7687")

    def test_a_silent_port(self):
        """Something that takes connections and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            answers = self.check(
                f"bolt://127.0.0.1:{silent.getsockname()[1]}", environment={"FACEBOLT_BACKEND__CONNECT_TIMEOUT": "500ms"}
            )
            self.assert_told(answers, "backend", "says nothing", "is this Neo4j's Bolt port?")

    def test_no_password(self):
        """No password is given."""
        self.assert_told(self.check(password=""), "login", "set NEO4J_PASSWORD")

    def test_a_wrong_password(self):
        """A wrong password."""
        self.assert_told(self.check(password="wrong-password"), "login", "Unauthorized", "mend NEO4J_USERNAME")

    def test_a_password_that_must_be_changed(self):
        """A user whose password has to be changed first."""
        self.cx.server.system("CREATE OR REPLACE USER newcomer SET PASSWORD 'first-password' CHANGE REQUIRED")
        self.addCleanup(self.cx.server.system, "DROP USER newcomer IF EXISTS")
        answers = self.check(password="first-password", environment={"NEO4J_USERNAME": "newcomer"})
        self.assert_told(answers, "login", "CredentialsExpired", "ALTER CURRENT USER SET PASSWORD")

    def test_a_plain_backend_asked_for_tls(self):
        """bolt+s:// to a Neo4j that offers no TLS."""
        address = self.cx.server.address
        for scheme in ("bolt+s", "bolt+ssc"):
            answers = self.check(f"{scheme}://{address}")
            self.assert_told(answers, "backend", "does not offer TLS", f"set backend.url to bolt://{address}")

    def test_a_strict_backend(self):
        """A Neo4j that wants TLS, has a certificate of its own, and may not read from our address."""
        # One server for all of it: it takes longer to start than everything else here.
        settings = [*self.certified(), "internal.dbms.cypher_ip_blocklist=127.0.0.0/8"]
        with self.other("strict", *settings) as server:
            address, password = server["bolt"], server["password"]
            answers = self.check(f"bolt://{address}", password=password)
            self.assert_told(answers, "backend", "it takes TLS only", f"set backend.url to bolt+s://{address}")
            answers = self.check(f"bolt+s://{address}", password=password)
            self.assert_told(answers, "backend", "invalid peer certificate", "set backend.ca_file")
            for backend, environment in (
                (f"bolt+ssc://{address}", {}),
                (f"bolt+s://{address}", {"FACEBOLT_BACKEND__CA_FILE": str(self.folder / "certificates" / "public.crt")}),
            ):
                answers = self.check(backend, environment, password)
                self.assert_told(answers, "callback", "is blocked", "LOAD CSV is forbidden", 'callback.listen = ""')

    def certified(self):
        """Settings for Bolt with TLS by a certificate made here."""
        base = self.folder / "certificates"
        base.mkdir(exist_ok=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
            + ["-subj", "/CN=a certificate of the tests", "-addext", "subjectAltName=IP:127.0.0.1"]
            + ["-addext", "basicConstraints=critical,CA:FALSE"]
            + ["-keyout", base / "private.key", "-out", base / "public.crt"],
            check=True,
            capture_output=True,
        )
        yield "server.bolt.tls_level=REQUIRED"
        yield "dbms.ssl.policy.bolt.enabled=true"
        yield f"dbms.ssl.policy.bolt.base_directory={base}"
        yield "dbms.ssl.policy.bolt.client_auth=NONE"

    @contextlib.contextmanager
    def other(self, name, *settings):
        """A Neo4j of its own with these settings."""
        options = [part for setting in settings for part in ("--set", setting)]
        command = [SERVER_TOOL, "start", self.cx.asked_for, "--as", name]
        done = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, check=True)
        try:
            yield json.loads(done.stdout)
        finally:
            subprocess.run([SERVER_TOOL, "stop", self.cx.asked_for, "--as", name], check=True)

    def test_a_callback_that_is_not_reached(self):
        """callback.url leads nowhere, or to something else."""
        answers = self.check(environment={"FACEBOLT_CALLBACK__URL": "http://127.0.0.1:9"})
        self.assert_told(answers, "callback", "does not reach", "http://127.0.0.1:9", "callback.listen")
        # Neo4j takes an HTTP server's page for CSV.
        answers = self.check(environment={"FACEBOLT_CALLBACK__URL": f"http://{self.cx.server.address}"})
        self.assert_told(answers, "callback", "something else answers", "must lead to callback.listen")

    def test_a_callback_that_is_off(self):
        """No side door: that is no mistake, but told."""
        state, text = self.check(environment={"FACEBOLT_CALLBACK__LISTEN": ""})["callback"]
        self.assertEqual(state, "ok")
        self.assertIn("off: ", text)

    def test_models_that_are_missing(self):
        """No models, or other files in their place."""
        empty = self.folder / "empty"
        shutil.rmtree(empty, ignore_errors=True)
        empty.mkdir()
        answers = self.check(environment={"FACEBOLT_MODELS__DIRECTORY": str(empty)})
        self.assert_told(answers, "models", "ONNX Runtime is not in", "facebolt models fetch", "ORT_DYLIB_PATH")
        self.assertEqual(answers["embedding"][0], "unknown")
        answers = self.check(environment={"FACEBOLT_MODELS__DEFAULT": "sfase"})
        self.assert_told(answers, "models", "no model 'sfase'", "sface")
        for file in self.models():
            (empty / file.name).symlink_to(file)
        recogniser = next(file for file in empty.iterdir() if "sface" in file.name)
        recogniser.unlink()
        answers = self.check(environment={"FACEBOLT_MODELS__DIRECTORY": str(empty)})
        self.assert_told(answers, "models", "'sface' is not in", "facebolt models fetch")
        recogniser.write_bytes(b"another file")
        answers = self.check(environment={"FACEBOLT_MODELS__DIRECTORY": str(empty)})
        self.assert_told(answers, "models", "is not the model 'sface'", "facebolt models fetch")

    def test_an_onnx_runtime_that_does_not_fit(self):
        """Another library for ONNX Runtime, and one that is too old."""
        folder = self.folder / "runtime"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in self.models():
            if "onnxruntime" not in file.name:
                (folder / file.name).symlink_to(file)
        environment = {"FACEBOLT_MODELS__DIRECTORY": str(folder)}
        other = next(pathlib.Path("/usr/lib").rglob("libc.so.6"))
        answers = self.check(environment={**environment, "ORT_DYLIB_PATH": str(other)})
        self.assert_told(answers, "models", "cannot be used as ONNX Runtime", "mend ORT_DYLIB_PATH")
        answers = self.check(environment={**environment, "ORT_DYLIB_PATH": str(old_runtime(self.folder))})
        self.assert_told(answers, "models", "cannot be used as ONNX Runtime", "1.20.1", "mend ORT_DYLIB_PATH")

    def models(self):
        """The files that `facebolt models fetch` brought."""
        command = [facebolt.binary(), "models", "list"]
        done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=True)
        return [pathlib.Path(line.split(maxsplit=2)[2]) for line in done.stdout.splitlines()]


def surroundings():
    """Our environment without what would change its answers; where the models lie is the caller's to say."""
    ours = ("FACEBOLT_", "NEO4J_", "ORT_")
    return {
        name: text
        for name, text in os.environ.items()
        if name.startswith("FACEBOLT_MODELS__") or not name.startswith(ours)
    }


def old_runtime(folder):
    """An ONNX Runtime of before, from its wheel."""
    folder = folder / "old-runtime"
    if not folder.exists():
        with tempfile.TemporaryDirectory() as wheels:
            requirements = pathlib.Path(wheels) / "requirements.txt"
            requirements.write_text(OLD_RUNTIME)
            subprocess.run(
                ["python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
                + ["--require-hashes", "--only-binary=:all:", "--python-version", "311"]
                + ["--platform", "manylinux_2_28_x86_64", "--dest", wheels, "-r", requirements],
                check=True,
            )
            (wheel,) = pathlib.Path(wheels).glob("*.whl")
            shutil.unpack_archive(wheel, folder, "zip")
    return next((folder / "onnxruntime" / "capi").glob("libonnxruntime.so*"))
