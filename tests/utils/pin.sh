#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes requirements/*.txt again from requirements/*.in.
set -euo pipefail
cd "$(dirname "$0")/../../requirements"
pin() { # name, oldest Python the list must serve
  uv pip compile --quiet --upgrade --universal --python-version "$2" --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links "$1.in" -o "$1.txt"
  sed -i "1i # Made from $1.in by make requirements; edit that and not this." "$1.txt"
}
pin run 3.11
pin test 3.11
pin docs 3.11
pin oldest 3.11
pin newest 3.12
pin interop 3.11
