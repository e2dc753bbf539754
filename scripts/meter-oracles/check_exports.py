"""Holds exports of EDMP against what other hands read in them: pandas and pyarrow for Parquet and CSV, Python's own json
and ElementTree for SenML and CIM. `check_exports.py FOLDER` prints what agrees, and fails at the first thing that does not."""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pandas
import pyarrow
import pyarrow.parquet

folder = Path(sys.argv[1])
expected = json.loads((folder / "exports.json").read_text())
MICRO = Decimal(1_000_000)
NAMESPACE = "{http://iec.ch/TC57/2011/MeterReadings#}"


def agree(what, ours, theirs):
    if ours != theirs:
        sys.exit(f"export oracles: {what}: {ours!r} is not {theirs!r}")


def micro(text):
    return int(Decimal(str(text)) * MICRO)


def parquet():
    file = pyarrow.parquet.ParquetFile(folder / "readings.parquet")
    agree("rows", file.metadata.num_rows, expected["count"])
    agree("row groups", file.metadata.num_row_groups, -(-expected["count"] // 10_000))
    schema = file.schema_arrow
    agree("type of at", schema.field("at").type, pyarrow.timestamp("ms", tz="UTC"))
    agree("type of value", schema.field("value").type, pyarrow.decimal128(18, 6))
    metadata = file.metadata.metadata
    agree("zone", metadata[b"edmp.zone"].decode(), expected["zone"])
    agree("meter", metadata[b"edmp.meter"].decode(), expected["meter"])
    agree("units", metadata[b"edmp.units"].decode(), "kWh m3")
    frame = pandas.read_parquet(folder / "readings.parquet")
    for register, total in expected["sums"].items():
        values = frame[frame["register"] == register]["value"]
        agree(f"sum of {register} in Parquet", int(sum(values) * MICRO), int(total))
    for row, told in zip(frame.tail(3).to_dict("records"), expected["last"]):
        agree("last moment", row["at"].to_pydatetime(), datetime.fromisoformat(told["at"].replace("Z", "+00:00")))
        agree("last value", row["value"], Decimal(told["value"]).quantize(Decimal("0.000001")))
        agree("serial", row["serial"], told["serial"])
    series = pandas.read_parquet(folder / "series.parquet")
    values = [None if value is None else micro(value) for value in series["value"]]
    agree("series in Parquet", values, expected["series"]["values"])
    agree("ends", list(series["end"])[:-1], list(series["at"])[1:])
    agree("null is missing", list(series["quality"] == "missing"), [value is None for value in values])


def csv():
    frame = pandas.read_csv(folder / "readings.csv", dtype={"value": str})
    agree("rows of CSV", len(frame), expected["count"])
    for register, total in expected["sums"].items():
        values = frame[frame["register"] == register]["value"]
        agree(f"sum of {register} in CSV", sum(map(micro, values)), int(total))


def senml():
    records = json.loads((folder / "readings.senml.json").read_text(), parse_float=Decimal)
    agree("records of SenML", len(records), expected["count"])
    base, start, unit, sums = "", 0, "", {}
    for record in records:
        base, start, unit = record.get("bn", base), record.get("bt", start), record.get("bu", unit)
        name = base + record["n"]
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*", name):
            sys.exit(f"export oracles: {name!r} is no name by RFC 8428")
        if unit not in ("J", "m3"):
            sys.exit(f"export oracles: {unit!r} is no primary unit")
        kind = next(one for one in expected["sums"] if one in name)
        value = Decimal(record["v"]) / (Decimal("3.6") if unit == "J" else 1)
        sums[kind] = sums.get(kind, 0) + (int(value) if unit == "J" else micro(record["v"]))
    agree("sums of SenML", {kind: str(total) for kind, total in sums.items()}, expected["sums"])


def cim():
    root = ElementTree.parse(folder / "readings.xml").getroot()
    agree("root", root.tag, f"{NAMESPACE}MeterReadings")
    types = {
        "0.0.0.1.1.1.12.0.0.0.0.1.0.0.0.3.72.0": "1-0:1.8.1",
        "0.0.0.1.1.1.12.0.0.0.0.2.0.0.0.3.72.0": "1-0:1.8.2",
        "0.0.0.1.1.7.58.0.0.0.0.0.0.0.0.0.42.0": "0-1:24.2.1",
    }
    sums = dict.fromkeys(expected["sums"], 0)
    for reading in root.iter(f"{NAMESPACE}Readings"):
        register = types[reading.find(f"{NAMESPACE}ReadingType").get("ref")]
        sums[register] += micro(reading.findtext(f"{NAMESPACE}value"))
    agree("sums of CIM", {kind: str(total) for kind, total in sums.items()}, expected["sums"])
    series = ElementTree.parse(folder / "series.xml").getroot()
    intervals = list(series.iter(f"{NAMESPACE}IntervalReadings"))
    values = [one.findtext(f"{NAMESPACE}value") for one in intervals]
    agree("series in CIM", [None if one is None else micro(one) for one in values], expected["series"]["values"])
    first = datetime.fromisoformat(intervals[0].find(f"{NAMESPACE}timePeriod/{NAMESPACE}start").text.replace("Z", "+00:00"))
    agree("start in CIM", first, datetime.fromtimestamp(expected["series"]["start"] / 1000, timezone.utc))
    agree("meter in CIM", series.findtext(f".//{NAMESPACE}Names/{NAMESPACE}name"), expected["meter"])


for check in (parquet, csv, senml, cim):
    check()
print(f"export oracles: {expected['count']} readings and {len(expected['series']['values'])} intervals agree in Parquet, CSV, SenML and CIM")
