"""What lies in deploy/: files that can be read, options that there are, numbers that somebody counts."""
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

PROGRAM, ROOT = os.path.abspath(sys.argv[1]), Path(sys.argv[2])
DEPLOY = ROOT / "deploy"
try:
    import yaml
except ImportError:
    print("skipped: no PyYAML")
    sys.exit(77)


def composed(name):
    return yaml.safe_load((DEPLOY / name).read_text())


def shown(*words, port):
    """The names in /metrics of the program while it runs with these words; port: how it says where."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([PROGRAM, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env={**os.environ, "GPEN_HOME": folder})
        try:
            said = ""
            for line in process.stdout:
                said += line
                if found := re.search(port, line):
                    address = f"http://127.0.0.1:{found.group(1)}/metrics"
                    with urllib.request.urlopen(address, timeout=20) as answer:
                        return set(re.findall(r"^# HELP (\S+)", answer.read().decode(), re.M))
            raise AssertionError(f"it shows no numbers: {said}")
        finally:
            process.terminate()
            process.stdout.close()
            process.wait(timeout=60)


def unknown_to(client, value, kind):
    """Fields that the model of that kind lacks, or that it must have, or that are of another type."""
    if inner := re.fullmatch(r"list\[(.*)\]", kind):
        return [one for item in value for one in unknown_to(client, item, inner.group(1))] if isinstance(value, list) else [kind]
    if inner := re.fullmatch(r"dict\(str, (.*)\)", kind):
        return [one for item in value.values() for one in unknown_to(client, item, inner.group(1))]
    if not kind.startswith("V"):
        plain = {"str": str, "int": int, "bool": bool}.get(kind)
        return [] if plain is None or isinstance(value, plain) else [f"{kind}: {value}"]
    model = getattr(client, kind)
    attributes = {json_name: name for name, json_name in model.attribute_map.items()}
    found = [f"{kind}.{name}" for name in value if name not in attributes]
    try:
        model(**{attributes[name]: inner for name, inner in value.items() if name in attributes})
    except ValueError as missing:
        found.append(f"{kind}: {missing}")
    return found + [one for name, inner in value.items() if name in attributes
                    for one in unknown_to(client, inner, model.openapi_types[attributes[name]])]


class Deploy(unittest.TestCase):
    def options(self, command):
        text = subprocess.run([PROGRAM, command, "--help"], capture_output=True, text=True, check=False).stdout
        return set(re.findall(r"--[a-z][a-z-]*", text))

    def check_words(self, words):
        words = [str(word) for word in words]
        if words[0] not in ("worker", "serve"):
            self.fail(words)
        known = self.options(words[0])
        if known:  # serve comes with the server
            for word in words:
                if word.startswith("--"):
                    self.assertIn(word, known)

    def test_compose_files(self):
        for name in ("compose.yaml", "compose.fleet.yaml"):
            whole = composed(name)
            for service, what in whole["services"].items():
                with self.subTest(f"{name}: {service}"):
                    for secret in what.get("secrets", []):
                        self.assertIn(secret, whole["secrets"])
                    for volume in what.get("volumes", []):
                        source = volume.split(":")[0]
                        self.assertTrue((DEPLOY / source).exists() if source.startswith(".") else source in whole["volumes"])
                    for other in what.get("depends_on", {}):
                        self.assertIn("healthcheck", whole["services"][other])
                    if what["image"] == "gpen":
                        self.assertTrue(what["read_only"])
                        self.assertEqual(["ALL"], what["cap_drop"])
                        self.check_words(what["command"])
                    if "healthcheck" in what and what["image"] == "gpen":
                        self.assertEqual("/usr/local/bin/gpen", what["healthcheck"]["test"][1])
                        self.check_words(what["healthcheck"]["test"][2:])
                        shown_at = what["command"][what["command"].index("--metrics") + 1]
                        self.assertEqual(shown_at.split(":")[1], what["healthcheck"]["test"][-1])

    def test_kubernetes(self):
        documents = list(yaml.safe_load_all((DEPLOY / "kubernetes/gpen.yaml").read_text()))
        self.assertEqual(["Deployment", "TriggerAuthentication", "ScaledObject"], [one["kind"] for one in documents])
        pod = documents[0]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        self.check_words(container["args"])
        (port,) = container["ports"]
        self.assertEqual(f"0.0.0.0:{port['containerPort']}", container["args"][container["args"].index("--metrics") + 1])
        for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
            self.assertEqual({"path": path, "port": port["name"]}, container[probe]["httpGet"])
        self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
        volumes = {volume["name"] for volume in pod["volumes"]}
        self.assertEqual(volumes, {mount["name"] for mount in container["volumeMounts"]})
        self.assertEqual(documents[0]["metadata"]["name"], documents[2]["spec"]["scaleTargetRef"]["name"])

    def test_systemd_unit(self):
        unit = DEPLOY / "systemd/gpen-worker.service"
        command = re.search(r"^ExecStart=(.*)$", unit.read_text(), re.M).group(1).split()
        self.check_words([word for word in command[1:] if not word.startswith("$")])
        if shutil.which("systemd-analyze"):
            done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
            about_it = [line for line in done.stderr.splitlines() if "gpen-worker" in line and "not executable" not in line and "man gpen" not in line and
                        "No such file" not in line]
            self.assertEqual([], about_it)

    def test_what_is_shown_is_counted(self):
        dashboard = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        alerts = composed("prometheus/alerts.yml")
        queries += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
        self.assertGreater(len(queries), 20)
        for query in queries:
            self.assertEqual(query.count("("), query.count(")"), query)
        for rule in (rule for group in alerts["groups"] for rule in group["rules"]):
            self.assertTrue({"summary", "action"} <= set(rule["annotations"]), rule["alert"])
        wanted = {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"\bgpen_[a-z_]+", " ".join(queries))}
        self.assertEqual(set(), wanted - self.counted())
        self.assertGreater(len({name for name in wanted if name.startswith("gpen_worker_")}), 5)

    def counted(self):
        """What a server and a worker really show, while their queue is away."""
        found = set()
        for words, port in [(("worker", "--metrics", "0", "--concurrency", "1"), r"numbers: port (\d+)"),
                            (("serve", "--port", "0", "--data", "data"), r"the page is at http://127.0.0.1:(\d+)")]:
            known = self.options(words[0])
            if not known:
                self.skipTest(f"this build has no gpen {words[0]}")
            queue = ("--broker", "redis://127.0.0.1:1/0") if "--broker" in known else ()
            found |= shown(*words, *queue, port=port)
        return found

    def test_what_is_scraped_is_there(self):
        jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in composed("prometheus/prometheus.yml")["scrape_configs"]}
        services = composed("compose.fleet.yaml")["services"]
        for targets in jobs.values():
            for target in targets:
                self.assertIn(target.split(":")[0], services)
        workers = {name: what["command"][what["command"].index("--metrics") + 1].split(":")[1]
                   for name, what in services.items() if "--metrics" in (what.get("command") or ())}
        self.assertEqual({f"{name}:{port}" for name, port in workers.items()}, set(jobs["gpen-worker"]))

    # ---------------------------------------------------------------- as the tools that read them see them

    def check(self, *words):
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_prometheus_own_tool_finds_nothing_amiss(self):
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            for name in ("alerts.yml", "prometheus.yml"):
                text = (DEPLOY / "prometheus" / name).read_text()
                (here / name).write_text(text.replace("/etc/prometheus/", "").replace("/run/secrets/", ""))
            (here / "server-token").write_text("token")
            self.check("promtool", "check", "config", here / "prometheus.yml")
            shutil.copy(Path(__file__).parent / "alerts_test.yml", here)
            self.check("promtool", "test", "rules", here / "alerts_test.yml")

    def test_compose_finds_nothing_amiss(self):
        new = shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True,
                                                            check=False).returncode
        if not new and not shutil.which("docker-compose"):
            self.skipTest("docker compose is not installed")
        for name in ("compose.yaml", "compose.fleet.yaml"):
            with self.subTest(name), tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                # Version 1 knows all of it but the name.
                file.write(re.sub("" if new else r"(?m)^name:.*$", "", (DEPLOY / name).read_text()))
                file.flush()
                self.check(*(["docker", "compose"] if new else ["docker-compose"]), "--project-directory", DEPLOY, "-f",
                           file.name, "config", "-q")

    def test_kubernetes_own_models_know_all_of_it(self):
        try:
            from kubernetes import client
        except ImportError:
            self.skipTest("python3-kubernetes is not installed")
        deployment = next(yaml.safe_load_all((DEPLOY / "kubernetes/gpen.yaml").read_text()))
        self.assertEqual([], unknown_to(client, deployment, "V1Deployment"))
        broken = copy.deepcopy(deployment)
        broken["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["period"] = 5
        self.assertEqual(["V1Probe.period"], unknown_to(client, broken, "V1Deployment"))

    def test_dockerfile(self):
        text = (DEPLOY / "Dockerfile").read_text()
        self.assertRegex(text, r"(?m)^USER 10001$")
        for line in re.findall(r"COPY (?!--from)(\S+)", text):
            self.assertTrue((ROOT / line).exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
