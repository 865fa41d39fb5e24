"""The command line on files as people have them, on targets with gaps, and on classes that have an order."""

import numpy as np
import pandas as pd
import pytest

from leadline.cli.inputs import parse_columns, prepare
from leadline.errors import DataError, ParameterError
from leadline.tables import Numbers, Ordinal

N = 90


def german(value):
    return f"{value:,.2f}".replace(",", "#").replace(".", ",").replace("#", ".")


@pytest.fixture(scope="module")
def flats():
    """Flats in Germany: decimal commas, units, dates with the day first, codes with zeros, prices of which six lack."""
    generator = np.random.default_rng(0)
    size = generator.integers(20, 200, N)
    built = pd.Timestamp("2019-01-01") + pd.to_timedelta(generator.integers(0, 1500, N), unit="D")
    price = 3_000 * size + generator.normal(0, 9_000, N)
    table = pd.DataFrame(
        {
            "fläche": [f"{value} m²" for value in size],
            "gebaut": built.strftime("%d.%m.%Y"),
            "miete": [german(12.5 * value) for value in size],
            "plz": generator.choice(["01067", "50667", "80331"], N),
            "zustand": generator.choice(["niedrig", "mittel", "hoch"], N),
            "preis": [f"{german(value)} €" for value in price],
        }
    )
    table.loc[[3, 7, 11, 20, 41, 80], "preis"] = ""
    return table


@pytest.fixture(scope="module")
def flats_run(flats, fit_into, tmp_path_factory):
    """A run on the flats, and the file that it was given."""
    folder = tmp_path_factory.mktemp("flats")
    flats.to_csv(folder / "flats.csv", sep=";", index=False, encoding="cp1252")
    return fit_into(folder, folder / "flats.csv", "preis", "--predict-missing")


def test_a_file_with_everything_at_once_is_read_and_told(flats_run):
    assert flats_run.exit_code == 0, flats_run.stderr
    lines = flats_run.stdout.splitlines()
    assert lines[1] == "read as Windows-1252, separated by semicolons, decimal comma"
    for notice in (
        "column 'plz' has numbers that begin with 0 and is read as text",
        "the target 'preis' is read as numbers written like €1.234,5",
        "6 rows without a target are left out, the first of them row 4; --predict-missing predicts them",
        "column 'fläche' is read as numbers written like 1234,5 m²",
        "column 'gebaut' is read as dates written like 31/01/2026, the day first",
        "column 'zustand' is read as places in an order: niedrig < mittel < hoch",
    ):
        assert f"note: {notice}" in lines
    # the line about the file says it of all
    assert not any("'miete'" in line for line in lines)


def test_rows_without_a_target_are_predicted(flats_run, command):
    found = pd.read_csv(flats_run.folder / "predictions.csv")
    assert found["row"].tolist() == [4, 8, 12, 21, 42, 81]
    rows = command("predict", flats_run.folder, flats_run.data).stdout.splitlines()[1:]
    assert [float(rows[row - 1]) for row in found["row"]] == found["preis"].tolist()
    assert f"6 rows without a target are predicted in {flats_run.folder}" in flats_run.stdout


def test_what_was_learned_reads_other_files_the_same(flats_run, flats, command, tmp_path):
    expected = command("predict", flats_run.folder, flats_run.data).stdout
    plain = flats.assign(
        fläche=flats["fläche"].str.removesuffix(" m²").astype(int),
        gebaut=pd.to_datetime(flats["gebaut"], format="%d.%m.%Y"),
        miete=flats["miete"].str.replace(".", "").str.replace(",", ".").astype(float),
    ).drop(columns="preis")
    plain.to_parquet(tmp_path / "plain.parquet")
    assert command("predict", flats_run.folder, tmp_path / "plain.parquet").stdout == expected
    # a row alone does not tell what its points and commas are
    flats[5:6].assign(miete="1.250").to_csv(tmp_path / "one.csv", sep=";", index=False, encoding="utf-16")
    flats[5:6].assign(miete="1250,00").to_csv(tmp_path / "same.csv", sep="\t", index=False)
    one, same = (command("predict", flats_run.folder, tmp_path / name).stdout for name in ("one.csv", "same.csv"))
    assert one == same
    told = ("--read", "encoding=cp1252", "--read", "separator=semicolon", "--read", "decimal=,")
    assert command("predict", flats_run.folder, flats_run.data, *told).stdout == expected


def test_a_score_leaves_rows_without_a_target_out_and_says_so(flats_run, command):
    result = command("score", flats_run.folder, flats_run.data)
    assert result.exit_code == 0
    assert result.stdout.startswith("84 rows: RMSE")
    assert "6 rows without a target are left out" in result.stderr


def test_an_export_says_what_has_to_be_given(flats_run, command, tmp_path):
    result = command("export", flats_run.folder, tmp_path / "m.onnx", "--data", flats_run.data)
    assert result.exit_code == 0, result.stderr
    assert "ONNX does not read 'fläche' (1234,5 m²): give a number." in result.stdout
    assert "ONNX does not read 'zustand' (niedrig < mittel < hoch): give its place, from 0." in result.stdout


def test_classes_that_have_an_order_are_learned_as_such(fit, command):
    generator = np.random.default_rng(0)
    x = generator.normal(size=N)
    grade = np.array(["poor", "fair", "good"])[np.digitize(x + 0.2 * generator.normal(size=N), [-0.5, 0.5])]
    result = fit(pd.DataFrame({"x": x, "z": generator.normal(size=N), "grade": grade}), "grade", "--task", "ordinal")
    assert result.exit_code == 0, result.stderr
    assert "grade: classification, 3 classes in order, poor < fair < good, 2 folds" in result.stdout
    assert "ranked log loss ± s.e." in result.stdout
    scored = command("score", result.folder, result.data)
    assert "ranked log loss" in scored.stdout
    assert "places off" in scored.stdout


# What is said of columns and tasks


@pytest.mark.parametrize(
    ("pair", "said"),
    [("size=S,M,L", ["S", "M", "L"]), ("size=S<M<L", ["S", "M", "L"]), ("a=b=day-first", "day-first")],
)
def test_columns_are_said_by_name(pair, said):
    assert list(parse_columns([pair]).values()) == [said]


@pytest.mark.parametrize("pair", ["size", "size=large", "=number"])
def test_a_column_that_is_said_wrongly_is_refused(pair):
    with pytest.raises(ParameterError, match="--column must be NAME=WHAT"):
        parse_columns([pair])


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(DataError, match="no --column column 'b'"):
        prepare(pd.DataFrame({"a": range(9), "y": range(9)}), "y", "auto", (), None, None, said={"b": "number"})


def notices(y, task="auto", loss=None):
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=len(y)), "y": y})
    return prepare(table, "y", task, (), None, None, loss=loss).notices


def test_few_numbers_say_which_task_was_taken_and_how_to_take_the_other():
    (said,) = notices([1, 2, 3, 4, 5] * 8)
    assert said == (
        "'y' has 5 different values and is predicted as classes; --task ordinal predicts classes that have an order, "
        "--task regression numbers"
    )
    said, *_ = notices(list(range(100, 120)) * 3)
    assert "'y' has 20 different values and is predicted as a number; --task classification predicts classes" in said
    assert notices([1, 2, 3, 4, 5] * 8, "classification") == []
    assert notices([0, 1] * 20) == []
    assert notices(["red", "green", "blue"] * 9) == []


def test_counts_suggest_their_loss():
    counts = np.random.default_rng(0).poisson(20, 300)
    counts[:2] = 0
    assert any("looks like counts; --loss poisson" in said for said in notices(counts))
    assert not any("counts" in said for said in notices(counts, loss="poisson"))
    assert not any("counts" in said for said in notices(counts + 0.5))
    assert not any("counts" in said for said in notices(counts + 1000))


def test_the_task_of_a_text_of_numbers_is_that_of_its_numbers():
    table = pd.DataFrame({"x": range(40), "y": [f"${1000 + 7 * i:,}" for i in range(40)]})
    found = prepare(table, "y", "auto", (), None, None)
    assert isinstance(found.target, Numbers)
    assert found.y.tolist() == [1000 + 7 * i for i in range(40)]
    assert isinstance(prepare(table.assign(y=["1st", "2nd"] * 20), "y", "ordinal", (), None, None).target, Ordinal)


def test_a_target_without_any_value_is_refused():
    with pytest.raises(DataError, match="'y' has no value in any row"):
        prepare(pd.DataFrame({"x": range(9), "y": [None] * 9}), "y", "auto", (), None, None)


def test_the_time_of_rows_may_be_written_as_dates_are():
    table = pd.DataFrame(
        {"x": range(20), "t": [f"{day:02}.01.2026" for day in range(20, 0, -1)], "y": np.arange(20) / 3}
    )
    assert prepare(table, "y", "auto", (), None, None, "t").times.tolist() == list(range(20, 0, -1))
    open_times = table.assign(t=[f"{day % 12 + 1:02}/01/2026" for day in range(20)])
    with pytest.raises(DataError, match="day first"):
        prepare(open_times, "y", "auto", (), None, None, "t")


def test_columns_may_be_called_as_tables_that_are_written_call_their_own(fit_into, command, tmp_path):
    generator = np.random.default_rng(0)
    table = pd.DataFrame({name: generator.normal(size=200) for name in ("output", "± output", "self", "row")})
    table.loc[:3, "row"] = np.nan
    table.to_csv(tmp_path / "table.csv", index=False)
    run = fit_into(tmp_path, tmp_path / "table.csv", "row", "--predict-missing", "--max-depth", "1")
    assert run.exit_code == 0, run.stderr
    assert pd.read_csv(run.folder / "predictions.csv").columns.tolist() == ["row_", "row"]
    out = tmp_path / "why.csv"
    found = command("explain", run.folder, "--rows", tmp_path / "table.csv", "--out", out)
    assert found.exit_code == 0, found.stderr
    names = pd.read_csv(out).columns.tolist()
    assert names[:3] == ["row", "output_", "base"]
    assert len(set(names)) == len(names)
