"""Measures what the simulator (simulate.py) needs, with a real Redis and a real worker: prints JSON.

    /usr/bin/python3 bench/fleet/measure.py build/gpen PHOTO [TASKS]     needs redis-server and python3-celery

Uses the models that come with the program. Times are this machine's with one worker process of one thread."""
import json
import shutil
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "celery"))
PHOTO, TASKS = Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 40
sys.argv[2:] = []
import fleet  # noqa: E402


class Measure(fleet.FleetTest):
    def environment(self, **changes):
        whole = super().environment(**changes)
        whole["GPEN_ASSETS"] = str(Path(__file__).resolve().parents[2] / "assets" / "weights")
        return whole

    def install_detector(self):
        pass

    def cost(self):
        info = self.client().info()
        return {"commands": info["total_commands_processed"], "cpu": info["used_cpu_sys"] + info["used_cpu_user"],
                "bytes_in": info["total_net_input_bytes"], "bytes_out": info["total_net_output_bytes"]}

    def spent(self, work):
        before, begun = self.cost(), time.monotonic()
        work()
        seconds, after = time.monotonic() - begun, self.cost()
        return {name: after[name] - before[name] for name in before} | {"seconds": seconds}

    def test_measure(self):
        name = PHOTO.name
        alone = self.spent(lambda: time.sleep(20))
        shutil.copy(PHOTO, self.photos / name)
        worker = self.worker()
        self.send(name, "first" + PHOTO.suffix).get(timeout=120)
        idle = self.spent(lambda: time.sleep(20))
        idle = {name: max(0, idle[name] - alone[name]) / 20 for name in idle}  # what a server costs by itself is not a worker's
        results = []

        def work():
            # Sent first, then waited for without asking: a client's own questions are not the fleet's.
            sent = [self.send(name, f"out/{i}{PHOTO.suffix}", ignore_result=False) for i in range(TASKS)]
            fleet.wait_for(lambda: all((self.photos / f"out/{i}{PHOTO.suffix}").exists() for i in range(TASKS)), 600, 0.25)
            time.sleep(1)
            results.extend(one.get(timeout=60) for one in sent)
        busy = self.spent(work)
        self.assertIsNone(worker.process.poll())
        faces = statistics.mean(result["restored"] for result in results)
        stages = {stage: statistics.mean(result["seconds"].get(stage, 0) for result in results)
                  for stage in ("decode", "detect", "restore", "paste", "encode", "save")}
        print(json.dumps({
            "photo": name, "tasks": TASKS, "faces": faces, "stage_seconds": stages,
            "seconds_a_photo": sum(stages.values()), "seconds_a_face": stages["restore"] / faces if faces else 0,
            "redis": {"commands_a_task": busy["commands"] / TASKS, "cpu_seconds_a_task": busy["cpu"] / TASKS,
                      "bytes_a_task": (busy["bytes_in"] + busy["bytes_out"]) / TASKS,
                      "commands_a_second_idle": idle["commands"], "cpu_a_second_idle": idle["cpu"],
                      "bytes_a_second_idle": idle["bytes_in"] + idle["bytes_out"]}}, indent=1))


if __name__ == "__main__":
    fleet.main()
