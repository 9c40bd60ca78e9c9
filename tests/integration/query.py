# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints the rows of a query on an SQLite store as JSON: targets look at the store with it, not with our modules."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path


def main() -> None:
    path, statement = sys.argv[1:3]
    if not Path(path).exists():
        print("[]")
        return
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    print(json.dumps([dict(row) for row in connection.execute(statement)]))
    connection.close()


if __name__ == "__main__":
    main()
