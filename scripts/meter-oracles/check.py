"""Holds what EDMP reads in meter files against what libraries of other hands read in the same bytes.

check.py FOLDER: FOLDER has what scripts/meter-oracles.ts wrote. Prints one line an oracle, and every disagreement.
"""

import io
import json
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

MOST_TOLD = 20
AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")
OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
folder = Path(sys.argv[1])
failed = 0


def tell(oracle, count, wrong, what):
    """Prints the verdict of an oracle with the first of its disagreements."""
    global failed
    failed += len(wrong)
    print(f"{'ok  ' if not wrong and count else 'FAIL'} {oracle}: {count} {what}, {len(wrong)} disagreements")
    if not count:
        failed += 1
    for line in wrong[:MOST_TOLD]:
        print(f"     {line}")


def iso(moment):
    """A moment as EDMP writes it."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def dsmr(data, spec):
    """Registers and M-Bus meters of telegrams, by dsmr_parser; those without a time of their own have None."""
    from dsmr_parser import telegram_specifications
    from dsmr_parser.parsers import TelegramParser

    parser = TelegramParser(getattr(telegram_specifications, spec))
    names = {
        "ELECTRICITY_USED_TARIFF_1": ("import", 1),
        "ELECTRICITY_USED_TARIFF_2": ("import", 2),
        "ELECTRICITY_DELIVERED_TARIFF_1": ("export", 1),
        "ELECTRICITY_DELIVERED_TARIFF_2": ("export", 2),
        "ELECTRICITY_IMPORTED_TOTAL": ("import", "total"),
        "ELECTRICITY_EXPORTED_TOTAL": ("export", "total"),
    }
    commodities = {3: "gas", 4: "heat", 7: "water"}
    found = set()
    text = data.decode("latin1")
    for part in text.split("/")[1:]:
        telegram = parser.parse("/" + part)
        clock = getattr(telegram, "P1_MESSAGE_TIMESTAMP", None)
        for name, (flow, tariff) in names.items():
            register = getattr(telegram, name, None)
            if register is not None:
                at = None if clock is None else iso(clock.value)
                found.add(("electricity", flow, tariff, at, register.value, register.unit))
        for device in getattr(telegram, "MBUS_DEVICES", []):
            names_of = ("MBUS_METER_READING", "HOURLY_GAS_METER_READING", "GAS_METER_READING")
            reading = next((getattr(device, one) for one in names_of if hasattr(device, one)), None)
            if reading is not None:
                kind = getattr(device, "MBUS_DEVICE_TYPE", None) or device.DEVICE_TYPE
                commodity = commodities[int(kind.value)]
                found.add((commodity, "import", "total", iso(reading.datetime), reading.value, reading.unit))
        for name in ("HOURLY_GAS_METER_READING", "GAS_METER_READING"):
            gas = getattr(telegram, name, None)
            if gas is not None:
                found.add(("gas", "import", "total", iso(gas.datetime), gas.value, gas.unit))
    return found


def sml(data, _):
    """Registers of energy of a frame, by smllib."""
    from smllib import SmlStreamReader

    reader = SmlStreamReader()
    reader.add(data)
    found = set()
    while (frame := reader.get_frame()) is not None:
        for entry in frame.get_obis():
            code = entry.obis.obis_code
            if entry.unit == 30 and entry.value >= 0 and code.startswith(("1-0:1.8.", "1-0:2.8.")):
                tariff = int(code.split(".")[2].split("*")[0])
                value = Decimal(entry.value).scaleb((entry.scaler or 0) - 3)
                flow = "import" if code.startswith("1-0:1") else "export"
                found.add(("electricity", flow, tariff or "total", None, value, "kWh"))
    return found


def han(data, _):
    """Registers of lists of customer ports, by amshan: their clocks tell no offset and are those of Norway."""
    from han.autodecoder import AutoDecoder
    from han.hdlc import HdlcFrameReader

    found = set()
    for frame in HdlcFrameReader().read(data):
        if not frame.is_valid:
            raise ValueError("amshan takes the frame for damaged")
        told = AutoDecoder().decode_message(frame)
        at = iso(told["meter_datetime"].replace(tzinfo=OSLO))
        for flow in ("import", "export"):
            value = Decimal(str(told[f"active_power_{flow}_total"])).scaleb(-3)
            found.add(("electricity", flow, "total", at, value, "kWh"))
    return found


def homewizard(data, version):
    """Counters of an answer of the local API, by python-homewizard-energy: its models differ with Python's version."""
    from homewizard_energy import models

    answer = json.loads(data)
    found = set()
    told = set(answer)
    if hasattr(models, "Measurement"):
        measured = models.Measurement.from_dict(answer)
        prefix, kind = "energy", "type"
    elif version == "2":
        return None
    else:
        measured = models.Data.from_dict(answer)
        prefix, kind = "total_energy", "meter_type"
    devices = (measured.external_devices or {}).values()
    clock = getattr(measured, "timestamp", None)
    at = None if clock is None else iso(clock.replace(tzinfo=AMSTERDAM))
    for flow in ("import", "export"):
        for tariff in ("", "_t1", "_t2", "_t3", "_t4"):
            value = getattr(measured, f"{prefix}_{flow}{tariff}_kwh")
            if value is not None and any(key.endswith(f"{flow}{tariff}_kwh") for key in told):
                name = int(tariff[2:]) if tariff else "total"
                found.add(("electricity", flow, name, at, Decimal(str(value)), "kWh"))
    commodities = {"gas_meter": "gas", "heat_meter": "heat", "inlet_heat_meter": "heat"}
    for device in devices:
        name = getattr(device, kind).value
        moment = iso(device.timestamp.replace(tzinfo=AMSTERDAM))
        commodity = commodities.get(name, "water")
        found.add((commodity, "import", "total", moment, Decimal(str(device.value)), device.unit))
    # Later versions of the library leave the older field of the gas meter away, so that it is taken as it stands.
    if "total_gas_m3" in told and not any(entry[0] == "gas" for entry in found):
        moment = iso(datetime.strptime(str(answer["gas_timestamp"]), "%y%m%d%H%M%S").replace(tzinfo=AMSTERDAM))
        found.add(("gas", "import", "total", moment, Decimal(str(answer["total_gas_m3"])), "m3"))
    if measured.total_liter_m3 is not None:
        found.add(("water", "import", "total", None, Decimal(str(measured.total_liter_m3)), "m3"))
    return found


def ours(readings, theirs):
    """Our readings in the oracle's terms: it leaves times away that are only those of arrival."""
    timed = {(entry[0], entry[1], entry[2]) for entry in theirs if entry[3] is not None}
    found = set()
    for one in readings:
        key = (one["commodity"], one["flow"], one["tariff"])
        at = one["at"] if key in timed else None
        found.add((*key, at, Decimal(one["value"]), one["unit"]))
    return found


def plain(readings):
    """Readings whose numbers are the same when they are equal, and whose value has at most our micro-units."""
    cut = Decimal("0.000001")
    return {(*one[:4], Decimal(one[4]).quantize(cut).normalize(), one[5].replace("m³", "m3")) for one in readings}


def check_files():
    """Every file that both sides read holds the same readings."""
    readers = {"dsmr": dsmr, "sml": sml, "han": han, "homewizard": homewizard}
    counts = {name: 0 for name in readers}
    wrong = {name: [] for name in readers}
    for case in json.loads((folder / "cases.json").read_text()):
        oracle = case["oracle"]
        try:
            theirs = readers[oracle](bytes.fromhex(case["hex"]), case["how"])
        except Exception as error:  # whatever a library throws at a file that we read is a disagreement
            wrong[oracle].append(f"{case['name']}: {type(error).__name__}: {error}")
            continue
        if theirs is None:
            continue
        mine, theirs = plain(ours(case["readings"], theirs)), plain(theirs)
        counts[oracle] += len(theirs)
        if mine != theirs:
            wrong[oracle].append(f"{case['name']}: only here {sorted(map(str, mine - theirs))}, only there {sorted(map(str, theirs - mine))}")
    for oracle, count in counts.items():
        tell(oracle, count, wrong[oracle], "readings")


def ms(moment):
    """Ms since the epoch."""
    return round(moment.timestamp() * 1000)


def first_instant(zone, local):
    """First instant of a wall-clock time; None where the clock skips it."""
    moment = local.replace(tzinfo=zone)
    back = moment.astimezone(timezone.utc).astimezone(zone).replace(tzinfo=None)
    return moment if back == local else None


def start_of_day(zone, date):
    """First instant of a local date, which midnight is not where the clock jumps over it."""
    exact = first_instant(zone, date)
    if exact is not None:
        return ms(exact)
    # The jump: of the instants that the skipped time is taken for, the one by the offset before it.
    return ms(date.replace(tzinfo=zone, fold=0))


def change_days(zone, first_year, last_year):
    """What Python's calendar says of the days that do not have 24 hours."""
    days = []
    date = datetime(first_year, 1, 2)
    starts = {}

    def start(day):
        if day not in starts:
            starts[day] = start_of_day(zone, day)
        return starts[day]

    while date < datetime(last_year, 1, 1) - timedelta(days=1):
        here, after = start(date), start(date + timedelta(days=1))
        if after - here != 86_400_000:
            quarters = []
            for quarter in range(96):
                local = date + timedelta(minutes=15 * quarter)
                exact = first_instant(zone, local)
                quarters.append(None if exact is None else [ms(exact), ms(exact.replace(fold=1))])
            bounds = [start(date - timedelta(days=1)), here, after, start(date + timedelta(days=2))]
            series = [(b - a) / 1000 for a, b in zip(bounds, bounds[1:])]
            days.append({"date": str(date.date()), "start": here, "end": after, "quarters": quarters, "series": series})
        date += timedelta(days=1)
    return days


def check_zones():
    """Every day whose clock changes has the same bounds, wall-clock times and amounts."""
    data = json.loads((folder / "zones.json").read_text())
    wrong = []
    count = 0
    for name, mine in data["days"].items():
        theirs = change_days(zoneinfo.ZoneInfo(name), *data["years"])
        count += len(theirs)
        if mine == theirs:
            continue
        for date in sorted({one["date"] for one in [*mine, *theirs]}):
            here = next((one for one in mine if one["date"] == date), None)
            there = next((one for one in theirs if one["date"] == date), None)
            if here != there:
                keys = [key for key in ("start", "end", "quarters", "series") if (here or {}).get(key) != (there or {}).get(key)]
                wrong.append(f"{name} {date}: {', '.join(keys)}" + ("" if here and there else f" (only {'here' if here else 'there'})"))
    tell("zoneinfo", count, wrong, f"days of {len(data['days'])} zones whose clock changes (tz {data['tz']})")


def check_series():
    """pandas finds the times, the gaps and the sums of every exported series."""
    import pandas

    wrong = []
    count = 0
    for one in json.loads((folder / "series.json").read_text()):
        table = pandas.read_csv(io.StringIO(one["csv"]), parse_dates=["start"], dtype={"value": str})
        starts = [ms(moment) for moment in table["start"]]
        values = [None if pandas.isna(text) else int(Decimal(text).scaleb(6)) for text in table["value"]]
        total = round(pandas.to_numeric(table["value"]).sum() * 1_000_000)
        count += len(values)
        if starts != one["starts"] or values != one["values"]:
            wrong.append(f"{one['name']}: rows of CSV")
        if total != sum(value or 0 for value in one["values"]):
            wrong.append(f"{one['name']}: sum of CSV {total}")
    tell("pandas", count, wrong, "intervals of exported series")


zoneinfo.reset_tzpath(to=())  # the data of the tzdata package, of the same version as ours
check_files()
check_zones()
check_series()
sys.exit(1 if failed else 0)
