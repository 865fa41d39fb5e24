"""How many requests a server of predictions answers: Leadline's, the ONNX model behind the same server, and MLflow's.

    make benchmark-serving                (or: python benchmarks/serving.py --seconds 10)

Prints a table and writes results/serving.json. Needs leadline[serve]; ONNX Runtime and MLflow
take part where they are installed. Each server is a process of its own, asked by this one over connections that stay
open; a connection asks again as soon as it is answered, so more connections mean more waiting. What this process itself
needs for a request, on the same cores, is in all figures.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import figure, finish, table

PACKAGES = ("leadline", "numpy", "fastapi", "uvicorn", "onnxruntime", "mlflow")
# rows of a request, connections
CONTESTS = ((1, 1), (1, 16), (100, 4), (1000, 2))
ROWS, NUMBERS, HIDDEN, EPOCHS = 4000, 12, (128, 128), 20
WARMING_REQUESTS = 20


def make_table(rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers, two columns of categories, and a class."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(rows, NUMBERS)).round(6), columns=[f"n{i}" for i in range(NUMBERS)])
    frame["colour"] = generator.choice(["red", "green", "blue"], rows)
    frame["place"] = generator.choice([f"place {i}" for i in range(20)], rows)
    return frame, np.where(frame["n0"] * frame["n1"] + (frame["colour"] == "red") > 0, "yes", "no")


def server(kind: str, folder: Path) -> None:
    """Be a server: say the address, and answer until killed."""
    import uvicorn

    import leadline
    from leadline.serving import Limits, make_app, serve
    from leadline.serving.app import listening

    if kind == "mlflow":
        import mlflow
        from mlflow.pyfunc import scoring_server

        app = scoring_server.init(mlflow.pyfunc.load_model(str(folder / "mlflow")))
        own = listening("127.0.0.1", 0)
        print(own.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[own])
        return
    model, predict = leadline.load(folder / "model"), None
    if kind == "onnx":
        import onnxruntime

        from leadline.export import onnx_inputs

        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])

        def predict(frame):
            return session.run(["probabilities"], onnx_inputs(model, frame))[0].astype(np.float64)

    app = make_app(model, predict=predict)
    serve(app, "127.0.0.1", 0, Limits(), lambda address: print(address.rsplit(":", 1)[1].strip("/"), flush=True))


class Connection:
    """One that stays open, and asks the same again and again."""

    def __init__(self, path: str, body: bytes) -> None:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self.request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self.seconds: list[float] = []

    async def ask(self, port: int, until: float, most: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while len(self.seconds) < most and time.perf_counter() < until:
            start = time.perf_counter()
            writer.write(self.request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise RuntimeError(answer.decode(errors="replace"))
            self.seconds.append(time.perf_counter() - start)
        writer.close()


async def load(port: int, path: str, body: bytes, connections: int, seconds: float, requests: int) -> dict[str, Any]:
    """Ask for some seconds, or so many requests; how long each took."""
    warming = Connection(path, body)
    await warming.ask(port, float("inf"), min(WARMING_REQUESTS, requests))
    asking = [Connection(path, body) for _ in range(connections)]
    start = time.perf_counter()
    await asyncio.gather(*(one.ask(port, start + seconds, -(-requests // connections)) for one in asking))
    took = time.perf_counter() - start
    each = sorted(second for one in asking for second in one.seconds)
    tail = {name: each[min(int(share * len(each)), len(each) - 1)] for name, share in (("p95", 0.95), ("p99", 0.99))}
    return {"requests": len(each), "per_second": len(each) / took, "median": statistics.median(each), **tail}


def prepare(folder: Path, epochs: int, only: str | None) -> list[str]:
    """Train a model and write it in every form for which there is a server."""
    from leadline import DeepClassifier

    frame, y = make_table(ROWS if epochs > 1 else 200)
    model = DeepClassifier(HIDDEN, max_iter=epochs, random_state=0).fit(frame, y)
    model.save(folder / "model")
    kinds = ["leadline"]
    if only in (None, "onnx") and find_spec("onnxruntime"):
        from leadline.export import write_onnx

        write_onnx(model, folder / "model.onnx")
        kinds.append("onnx")
    if only in (None, "mlflow") and find_spec("mlflow"):
        from leadline.tracking import save_mlflow_model

        save_mlflow_model(model, folder / "mlflow")
        kinds.append("mlflow")
    return [kind for kind in kinds if only in (None, kind)]


NAMES = {"leadline": "Leadline", "onnx": "ONNX Runtime, same server", "mlflow": "MLflow, pyfunc"}


def report(record: dict[str, Any]) -> dict[str, str]:
    """Requests a second and how long they took, for each size of request and each server."""
    lines = []
    for contest in record["contests"]:
        rows, connections = contest["rows"], contest["connections"]
        title = f"{rows:,} row{'s' * (rows > 1)} a request, {connections} connection{'s' * (connections > 1)}"
        for kind, own in contest["servers"].items():
            tails = [figure(1e3 * own[part]) for part in ("median", "p95", "p99")]
            rates = [f"{own['per_second']:,.0f}", f"{own['per_second'] * rows:,.0f}"]
            lines.append([f"{title}: {NAMES[kind]}", *rates, *tails])
    return {"": table(["", "requests/s", "rows/s", "median, ms", "95 %, ms", "99 %, ms"], lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="for each server and size")
    parser.add_argument("--requests", type=int, default=1_000_000, help="at most")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of the model's training")
    parser.add_argument("--only", choices=NAMES, help="one server alone")
    parser.add_argument("--serve", choices=NAMES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        server(options.serve, options.folder)
        return
    record: dict[str, Any] = {"contests": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = prepare(folder, options.epochs, options.only)
        frame, _ = make_table(max(rows for rows, _ in CONTESTS))
        for rows, connections in CONTESTS:
            records = frame[:rows].to_dict("records")
            bodies = dict.fromkeys(kinds, ("/predict", json.dumps({"rows": records, "proba": True}).encode()))
            bodies["mlflow"] = ("/invocations", json.dumps({"dataframe_records": records}).encode())
            found = {}
            for kind in kinds:
                words = [sys.executable, __file__, "--serve", kind, "--folder", str(folder)]
                process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
                try:
                    assert process.stdout is not None
                    port = int(process.stdout.readline())
                    own = asyncio.run(load(port, *bodies[kind], connections, options.seconds, options.requests))
                finally:
                    process.kill()
                    process.wait()
                    process.stdout.close()
                found[kind] = own
                print(f"  {rows:,} rows, {connections} connections, {NAMES[kind]}: {own}", flush=True)
            record["contests"].append({"rows": rows, "connections": connections, "servers": found})
    finish("serving", record, PACKAGES, report)


if __name__ == "__main__":
    main()
