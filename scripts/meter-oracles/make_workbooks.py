"""Writes workbooks with openpyxl, and what is in them, for scripts/workbook-oracles.ts to read with our reader.

make_workbooks.py FOLDER: writes FOLDER/workbooks/*.xlsx and FOLDER/workbooks.json.
"""

import json
import random
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

WORKBOOKS = 40
BOTH = ["yyyy-mm-dd h:mm:ss", "dd/mm/yyyy hh:mm", "m/d/yy h:mm", '[$-816]d" de "mmmm h:mm', "[h]:mm:ss yyyy"]
DATES = ["yyyy-mm-dd", "mm-dd-yy", "dd/mm/yyyy", "d-mmm-yy", "mmm-yy"]
TIMES = ["h:mm:ss", "h:mm", "h:mm AM/PM", "mm:ss"]
NUMBERS = ["General", "0.00", "#,##0.000", '0.0" kWh"', "0%", "[Red]-0.00;0.00"]
TEXTS = ["", "Zeit", " two spaces ", "a;b", 'say "kWh"', "line\nbreak", "é ß 電力", "<&>", "=no formula", "0,5", "_x0041_"]


def value(random, kind):
    """A cell's value, its number format, and the text or number that a reader must find."""
    if kind == "number":
        number = random.choice([0, 1, 0.1 + 0.2, 1e-7, 12345678.901, round(random.uniform(0, 100), 3), -2.5])
        # As a workbook keeps it: 15 digits.
        return number, random.choice(NUMBERS), float(f"{number:.15g}")
    if kind == "bool":
        flag = random.random() < 0.5
        return flag, "General", "TRUE" if flag else "FALSE"
    if kind == "text":
        text = random.choice(TEXTS)
        # Spaces around a text mean nothing in a table of a meter.
        return text, "General", text.strip()
    moment = datetime(2005, 1, 1) + timedelta(seconds=random.randrange(20 * 365 * 86_400))
    if kind == "both":
        return moment, random.choice(BOTH), moment.strftime("%Y-%m-%d %H:%M:%S")
    if kind == "date":
        return moment.date(), random.choice(DATES), moment.strftime("%Y-%m-%d")
    return moment.time(), random.choice(TIMES), moment.strftime("%H:%M:%S")


def main():
    folder = Path(sys.argv[1])
    (folder / "workbooks").mkdir()
    dice = random.Random(2026)
    told = []
    for n in range(WORKBOOKS):
        book = openpyxl.Workbook()
        is_1904 = n % 5 == 4
        if is_1904:
            book.epoch = CALENDAR_MAC_1904
        book.remove(book.active)
        sheets = {}
        for s in range(dice.randrange(1, 4)):
            sheet = book.create_sheet(f"Blatt {s + 1} & mehr")
            is_hidden = s > 0 and dice.random() < 0.3
            sheet.sheet_state = "hidden" if is_hidden else "visible"
            rows = []
            for r in range(dice.randrange(1, 30)):
                row = []
                for c in range(dice.randrange(1, 12)):
                    kind = dice.choice(["number", "text", "both", "date", "time", "bool", "none"])
                    if kind == "none":
                        row.append("")
                        continue
                    cell = sheet.cell(row=r + 1, column=c + 1)
                    given, form, expected = value(dice, kind)
                    cell.value = given
                    if isinstance(given, str):
                        cell.data_type = "s"
                    cell.number_format = form
                    row.append(expected)
                while row and row[-1] == "":
                    row.pop()
                rows.append(row)
            while rows and not rows[-1]:
                rows.pop()
            if not is_hidden:
                sheets[sheet.title] = rows
        name = f"{n}.xlsx"
        book.save(folder / "workbooks" / name)
        told.append({"name": name, "sheets": sheets})
    (folder / "workbooks.json").write_text(json.dumps(told))


main()
