#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# All molecule scenarios (or the options given), from the root, where molecule finds extensions/molecule.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! compgen -G 'extensions/molecule/*/molecule.yml' >/dev/null; then
  echo "SKIPPED: there are no molecule scenarios"
  exit 77
fi
# Not with --workers: molecule then leaves creating and destroying to a scenario named default.
if [ $# -eq 0 ]; then set -- test --all; fi
# A test that is interrupted leaves its simulators running.
interrupted=
trap 'interrupted=yes' INT
code=0
molecule "$@" || code=$?
if [ -n "$interrupted" ] && [ "$1" = test ]; then molecule destroy --all >/dev/null 2>&1 || true; fi
exit "$code"
