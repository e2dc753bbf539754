"""Holds what EDMP reads in the workbooks of its samples against what openpyxl and zoneinfo find in them.

check_workbooks.py FOLDER SAMPLES: FOLDER has what scripts/workbook-oracles.ts wrote, SAMPLES the samples.
"""

import json
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import openpyxl

LISBON = zoneinfo.ZoneInfo("Europe/Lisbon")
QUARTER = timedelta(minutes=15)
COLUMNS = {
    "Consumo medido na IC, Ativa (kW)": "import",
    "Injeção na rede medida na IC, Ativa (kW)": "export",
}
QUALITIES = {"Real": "measured", "Estimado": "estimated"}


def e_redes(path):
    """Quarters of a workbook of E-REDES: mean power, stamped with its end on the clock of Lisbon, rows in order."""
    rows = list(openpyxl.load_workbook(path, data_only=True).active.iter_rows(values_only=True))
    head = next(i for i, row in enumerate(rows) if row[0] == "Data" and row[1] == "Hora")
    columns = {COLUMNS[name]: i for i, name in enumerate(rows[head]) if name in COLUMNS}
    found = set()
    seen = set()
    for row in rows[head + 1 :]:
        wall = datetime.strptime(f"{row[0]} {row[1]}", "%Y/%m/%d %H:%M") - QUARTER
        # A wall-clock time that comes a second time is that of the hour that was repeated.
        local = wall.replace(tzinfo=LISBON, fold=1 if wall in seen else 0)
        seen.add(wall)
        at = local.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        quality = QUALITIES[row[rows[head].index("Estado")]]
        for flow, i in columns.items():
            kwh = Decimal(str(row[i]).replace(",", ".")) / 4
            found.add((at, flow, kwh, quality))
    return found


def main():
    folder, samples = Path(sys.argv[1]), Path(sys.argv[2])
    failed = 0
    for one in json.loads((folder / "workbook-readings.json").read_text()):
        mine = {(r["at"], r["flow"], Decimal(r["value"]), r["quality"]) for r in one["readings"]}
        theirs = e_redes(samples / one["name"])
        wrong = sorted(map(str, mine ^ theirs))
        failed += len(wrong) + (not theirs)
        print(f"{'ok  ' if theirs and not wrong else 'FAIL'} openpyxl: {len(theirs)} readings of {one['name']}, {len(wrong)} disagreements")
        for line in wrong[:20]:
            print(f"     {line}")
    sys.exit(1 if failed else 0)


main()
