"""PyTorch's turns: loads one network and runs it when it is told to, so that engines can take turns in one comparison.

    GPEN_SHARED=FOLDER /usr/bin/python3 bench/peers/torch_server.py NAME WEIGHTS INPUT THREADS

Protocol, the same as ort_server.mjs's: a JSON line with what it is, once it is ready; then for each line read one line written:
    run          runs the network once; the seconds that took
    save FILE    writes the last run's outputs behind each other, raw float32; "saved"
Ends with its input."""
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.environ.get("GPEN_SHARED", ""), "reference")]
import numpy as np
import torch
import networks
from cases import BY_NAME, REFERENCE


def main():
    name, weights_path, input_path, threads = sys.argv[1:]
    case = BY_NAME[name]
    torch.set_num_threads(int(threads))
    weights = torch.load(weights_path)
    x = torch.from_numpy(np.fromfile(input_path, np.float32).reshape(1, 3, case.height, case.width))
    forward = getattr(networks, REFERENCE[case.kind])
    outputs = None
    print(json.dumps({"version": torch.__version__}), flush=True)
    with torch.no_grad():
        for line in sys.stdin:
            command, _, path = line.strip().partition(" ")
            if command == "run":
                start = time.perf_counter()
                outputs = forward(weights, x)
                print(time.perf_counter() - start, flush=True)
            elif command == "save":
                with open(path, "wb") as file:
                    for output in outputs if isinstance(outputs, tuple) else (outputs,):
                        file.write(output.contiguous().numpy().tobytes())
                print("saved", flush=True)


if __name__ == "__main__":
    main()
