"""What lies in deploy/: files that can be read, options that there are, numbers that somebody counts."""
import json
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

PROGRAM, ROOT = sys.argv[1], Path(sys.argv[2])
DEPLOY = ROOT / "deploy"
try:
    import yaml
except ImportError:
    print("skipped: no PyYAML")
    sys.exit(77)


def composed(name):
    return yaml.safe_load((DEPLOY / name).read_text())


def metrics_of_the_server():
    """The names that the sources of the server write; empty where there is no server yet."""
    found = set()
    for path in (ROOT / "src/http").glob("*.c"):
        found |= set(re.findall(r'(?<![\w/])(gpen_[a-z_]+)', "".join(re.findall(r'"(?:[^"\\]|\\.)*"', path.read_text()))))
    return found


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
                        self.assertEqual(what["command"][-1], what["healthcheck"]["test"][-1])

    def test_kubernetes(self):
        documents = list(yaml.safe_load_all((DEPLOY / "kubernetes/gpen.yaml").read_text()))
        self.assertEqual(["Deployment", "TriggerAuthentication", "ScaledObject"], [one["kind"] for one in documents])
        pod = documents[0]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        self.check_words(container["args"])
        self.check_words(container["livenessProbe"]["exec"]["command"][1:])
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
        wanted = set(re.findall(r"\bgpen_[a-z_]+", " ".join(queries)))
        counted = metrics_of_the_server()
        if not counted:
            self.skipTest("there is no server in this tree")
        missing = {name for name in wanted
                   if name not in counted and re.sub("_(bucket|sum|count)$", "", name) not in counted}
        self.assertEqual(set(), missing)

    def test_dockerfile(self):
        text = (DEPLOY / "Dockerfile").read_text()
        self.assertRegex(text, r"(?m)^USER 10001$")
        for line in re.findall(r"COPY (?!--from)(\S+)", text):
            self.assertTrue((ROOT / line).exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
