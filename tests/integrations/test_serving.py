"""`leadline serve`: the same answers and messages as `predict`, and nothing that ends it."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import numpy as np
import pandas as pd
import pytest
from small_models import quick

from leadline import DeepClassifier, DeepRegressor

pytest.importorskip("fastapi", reason="fastapi is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from fastapi.testclient import TestClient

from leadline.serving import Limits, make_app


def client(model, **more):
    return TestClient(make_app(model, **more), base_url="http://localhost", raise_server_exceptions=False)


def rows_of(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


@pytest.fixture(scope="module")
def asked(classifier):
    return client(classifier)


# Answers


def test_it_answers_what_the_model_predicts(asked, classifier, table) -> None:
    frame, _ = table
    answer = asked.post("/predict", json={"rows": rows_of(frame), "proba": True})
    assert answer.status_code == 200
    found = answer.json()
    assert found["predictions"] == classifier.predict(frame).tolist()
    assert found["classes"] == ["no", "yes"]
    np.testing.assert_array_equal(found["probabilities"], classifier.predict_proba(frame))


def test_columns_in_any_order_further_ones_and_text_for_numbers(asked, classifier) -> None:
    row = {"colour": "red", "note": "not known", "age": "41", "size": 11}
    expected = classifier.predict_proba(pd.DataFrame({"size": [11.0], "age": [41.0], "colour": ["red"]}))
    found = asked.post("/predict", json={"rows": [row], "proba": True}).json()
    assert found["probabilities"] == expected.tolist()
    assert "classes" not in asked.post("/predict", json={"rows": [row]}).json()


def test_regressions_labels_quantiles_and_rows_that_are_lists(numbers) -> None:
    X, y = numbers
    model = quick(DeepRegressor).fit(X, y)
    assert client(model).post("/predict", json={"rows": X.tolist()}).json()["predictions"] == model.predict(X).tolist()
    several = DeepRegressor((8,), n_networks=2, max_iter=3, random_state=0, loss="quantile(0.1, 0.9)").fit(X, y)
    found = client(several).post("/predict", json={"rows": X[:3].tolist()}).json()
    assert found["predictions"] == several.predict(X[:3]).tolist()
    labels = quick().fit(X, np.column_stack([y > 0, y > 1]).astype(int))
    found = client(labels).post("/predict", json={"rows": X[:3].tolist(), "proba": True}).json()
    assert found["predictions"] == labels.predict(X[:3]).tolist()
    assert found["classes"] == [0, 1]
    answer = client(model).post("/predict", json={"rows": X.tolist(), "proba": True})
    assert (answer.status_code, answer.json()["detail"][:26]) == (422, '"proba" needs a classifier')


def test_intervals_and_sets_are_those_of_the_model(numbers, table, asked, classifier) -> None:
    X, y = numbers
    model = quick(DeepRegressor).fit(X, y)
    found = client(model).post("/predict", json={"rows": X.tolist(), "interval": 0.8}).json()
    lower, upper = model.predict_interval(X, 0.8)
    assert (found["lower"], found["upper"]) == (lower.tolist(), upper.tolist())
    assert set(found) == {"predictions", "lower", "upper"}
    two = quick(DeepRegressor).fit(X, np.column_stack([y, -y]))
    found = client(two).post("/predict", json={"rows": X[:3].tolist(), "interval": 0.8}).json()
    assert found["upper"] == two.predict_interval(X[:3], 0.8)[1].tolist()
    frame, _ = table
    found = asked.post("/predict", json={"rows": rows_of(frame), "sets": 0.95}).json()
    members = classifier.predict_set(frame, 0.95)
    assert found["sets"] == [classifier.classes_[own].tolist() for own in members]
    labels = quick().fit(X, np.column_stack([y > 0, y > 1]).astype(int))
    found = client(labels).post("/predict", json={"rows": X.tolist(), "sets": 0.9}).json()
    assert found["sets"] == [(np.flatnonzero(own) + 1).tolist() for own in labels.predict_set(X, 0.9)]
    assert client(model).get("/model").json()["options"] == ["interval"]
    assert asked.get("/model").json()["options"] == ["proba", "sets"]


def test_intervals_that_cannot_be_are_told(numbers, asked) -> None:
    X, y = numbers
    model = quick(DeepRegressor).fit(X, y)

    def said(application, **more) -> str:
        answer = application.post("/predict", json={"rows": [ROW] if application is asked else X[:2].tolist(), **more})
        assert answer.status_code == 422, answer.text
        return answer.json()["detail"]

    assert "intervals of numbers only" in said(asked, interval=0.9)
    assert "sets of classes only" in said(client(model), sets=0.9)
    for share in (0, 1, 90, -0.5, True, "0.9", [0.9], {}):
        assert '"interval" must be a number between 0 and 1, such as 0.9; got ' in said(client(model), interval=share)
    assert "rows that were not learned from" in said(client(model), interval=0.9999)
    solved = DeepRegressor((), random_state=0).fit(X, y)
    assert "cannot say how sure it is" in said(client(solved), interval=0.9)


def test_it_says_what_it_is(asked) -> None:
    assert asked.get("/health").json() == {"status": "ok"}
    model = asked.get("/model").json()
    assert (model["target"], model["classes"]) == ("y", ["no", "yes"])
    assert model["columns"]["colour"]["description"] == "A category: blue, green, red."
    description = asked.get("/openapi.json").json()
    request = description["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert request["properties"]["rows"]["items"]["anyOf"][0]["required"] == ["age", "colour", "size"]
    assert asked.post("/predict", json=request["example"]).status_code == 200
    page = asked.get("/")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert asked.get("/docs").status_code == 200


def test_dates_are_text(table) -> None:
    frame, y = table
    frame = frame.assign(sold=pd.date_range("2026-01-01", periods=len(frame)))
    model = quick().fit(frame, y)
    one = {**rows_of(frame[["size", "age", "colour"]])[0], "sold": "2026-01-01"}
    found = client(model).post("/predict", json={"rows": [one], "proba": True}).json()
    assert found["probabilities"] == model.predict_proba(frame[:1]).tolist()


# Refusals


ROW = {"size": 10.0, "age": 3, "colour": "red"}
REFUSED = [
    (b"", 400, "not JSON"),
    (b"{", 400, "not JSON"),
    (b"\xff\xfe\x00", 400, "not JSON"),
    (b"[" * 100_000, 400, "nested too deeply|not JSON"),
    (b"1" * 10_000, 400, "not JSON"),
    (b"[]", 422, "The request must be"),
    (b"null", 422, "The request must be"),
    (b'{"rows": {}}', 422, "The request must be"),
    (b'{"rows": []}', 422, "no rows"),
    (b'{"rows": [1]}', 422, "must all be objects"),
    (b'{"rows": [{}]}', 422, "'age', which the model was trained with, is missing"),
    (b'{"rows": [[1, 2]]}', 422, "Row 1 has 2 values; the model was trained with 3 columns"),
    (b'{"rows": [[1, 2, 3], {"size": 1}]}', 422, "must all be objects"),
    ({"rows": [{**ROW, "colour": [1]}]}, 422, "Column 'colour' has a list in row 1"),
    ({"rows": [ROW, {**ROW, "size": {"a": 1}}]}, 422, "Column 'size' has an object in row 2"),
    ({"rows": [ROW, {**ROW, "size": "big"}]}, 422, "Column 'size' held numbers in training, but row 2 has 'big'"),
    ({"rows": [ROW, {"size": 1, "age": 2}]}, 422, "Row 2 has no column 'colour'; give null"),
    ({"rows": [{"size": 1, "Age": 2, "colour": "red"}]}, 422, "Did you mean 'Age'|Age"),
    (b'{"rows": [{"size": 1e999, "age": 1, "colour": "red"}]}', 422, "infinite value in row 1"),
    (b'{"rows": [{"size": 1' + b"0" * 400 + b', "age": 1, "colour": "red"}]}', 422, "infinite value in row 1"),
    ({"rows": [ROW], "proba": 1}, 422, '"proba" must be true or false'),
]


@pytest.mark.parametrize(("body", "status", "said"), REFUSED)
def test_what_cannot_be_predicted_is_told(body, status, said, asked) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = asked.post("/predict", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert re.search(said, answer.json()["detail"]), answer.text


def test_halves_of_characters_are_replaced(asked) -> None:
    content = b'{"rows": [{"size": 1, "age": 1, "colour": "red\\ud800"}]}'
    assert asked.post("/predict", content=content, headers={"Content-Type": "application/json"}).status_code == 200
    content = b'{"rows": [{"size": 1, "age": 1, "colour\\ud800": "red"}]}'
    answer = asked.post("/predict", content=content, headers={"Content-Type": "application/json"})
    assert "'colour', which the model was trained with, is missing" in answer.json()["detail"]


def test_a_message_is_that_of_the_model_itself(asked, classifier) -> None:
    wrong = pd.DataFrame([{**ROW, "size": "big"}])
    with pytest.raises(ValueError, match="held numbers") as caught:
        classifier.predict(wrong)
    assert asked.post("/predict", json={"rows": [{**ROW, "size": "big"}]}).json()["detail"] == str(caught.value)


def test_limits_of_size_kind_and_place(classifier) -> None:
    small = client(classifier, limits=Limits(rows=2, bytes=400))
    assert (
        small.post("/predict", json={"rows": [ROW] * 3})
        .json()["detail"]
        .startswith("The request has 3 rows; at most 2")
    )
    large = small.post("/predict", json={"rows": [ROW] * 50})
    assert (large.status_code, large.json()["detail"][:35]) == (413, "The request is larger than 400 byte")

    def parts():
        yield from (b" " * 100 for _ in range(10))

    assert small.post("/predict", content=parts(), headers={"Content-Type": "application/json"}).status_code == 413
    assert small.post("/predict", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert small.get("/predict").status_code == 405
    assert small.get("/nothing").json() == {"detail": "Not Found"}
    assert small.get("/health", headers={"Host": "elsewhere.example"}).status_code == 400
    open_to_all = client(classifier, hosts=["*"])
    assert open_to_all.get("/health", headers={"Host": "elsewhere.example"}).status_code == 200


def test_a_defect_is_answered_without_its_insides(classifier) -> None:
    def fails(frame):
        raise KeyError("a secret")

    answer = client(classifier, predict=fails).post("/predict", json={"rows": [ROW]})
    assert (answer.status_code, answer.json()) == (500, {"detail": "unforeseen KeyError; please report it"})


# A server of its own


@pytest.fixture
def server(classifier, tmp_path):
    """`leadline serve` in another process: (process, port)."""
    classifier.save(tmp_path / "model")
    words = [sys.executable, "-m", "leadline", "serve", str(tmp_path / "model"), "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    match = re.match(r"http://127\.0\.0\.1:(\d+)/", line)
    assert match, line + process.stderr.read()
    yield process, int(match[1])
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()


def post(port, content, kind="application/json"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/predict", content, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            # a server that has all hands full says so in a word of its own
            return error.code, {} if error.code == 503 else json.loads(error.read())


WILD = [b"NaN", b"-Infinity", b'"\\ud800"', b"[[[]]]", b"1e400", b'{"a":', b"true", b'""', b"null"]


def spoiled(rng, content: bytes) -> bytes:
    """A request with bytes changed, left out, doubled, or of nothing that was meant."""
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.randrange(300))
    data = bytearray(content)
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(data))
        if kind == 1:
            data[place] = rng.randrange(256)
        elif kind == 2:
            del data[place : place + rng.randrange(1, 20)]
            data = data or bytearray(b"x")
        elif kind == 3:
            data[place:place] = data[place : place + rng.randrange(1, 20)]
        else:
            wild = rng.choice(
                [b"NaN", b"-Infinity", b'"\\ud800"', b"[[[]]]", b"1e400", b'{"a":', b"true", b'""', b"null"]
            )
            data[place:place] = wild
    return bytes(data)


def test_hundreds_of_malformed_requests_do_not_end_it(server) -> None:
    process, port = server
    rng = random.Random(0)
    good = json.dumps({"rows": [ROW, {**ROW, "colour": None}], "proba": True}).encode()
    expected = post(port, good)
    assert expected[0] == 200
    statuses: dict[int, int] = {}
    for _ in range(600):
        status, answer = post(port, spoiled(rng, good))
        assert status == 200 or set(answer) == {"detail"}
        statuses[status] = statuses.get(status, 0) + 1
    assert set(statuses) <= {200, 400, 422}, statuses
    # and what is no HTTP, or is left in the middle
    raw = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    for i in range(300):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(spoiled(rng, raw % len(good) + good) if i % 2 else raw % (len(good) * 2) + good)
            if i % 3:
                connection.shutdown(socket.SHUT_WR)
    assert process.poll() is None
    for _ in range(100):  # as long as it still waits for what will not come
        if (found := post(port, good))[0] != 503:
            break
        time.sleep(0.1)
    assert found == expected


def test_many_at_once_get_their_own_answers(server, classifier, table) -> None:
    _, port = server
    frame, _ = table
    # row by row as they are asked for: the last bits of a product depend on how many rows it has
    expected = [classifier.predict_proba(frame[i : i + 1])[0].tolist() for i in range(len(frame))]
    rows, wrong = rows_of(frame), []

    def ask(start: int) -> None:
        for i in range(start, len(rows), 8):
            status, answer = post(port, json.dumps({"rows": [rows[i]], "proba": True}).encode())
            if status != 200 or answer["probabilities"] != [expected[i]]:
                wrong.append((i, status))

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_interrupt_ends_it_with_exit_code_0(server) -> None:
    process, port = server
    assert post(port, json.dumps({"rows": [ROW]}).encode())[0] == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0


def test_a_port_in_use_and_a_folder_without_a_model_are_told(server, tmp_path) -> None:
    _, port = server
    words = [sys.executable, "-m", "leadline", "serve", str(tmp_path / "model"), "--port", str(port)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert "the address cannot be used: Address already in use." in done.stderr
    done = subprocess.run([*words[:4], str(tmp_path), *words[5:]], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("leadline: ")


def test_a_search_is_served_by_its_estimator(search, table) -> None:
    frame, _ = table
    found = client(search.best_estimator_).post("/predict", json={"rows": rows_of(frame)}).json()
    assert found["predictions"] == search.predict(frame).tolist()
    assert isinstance(search.best_estimator_, DeepClassifier)
