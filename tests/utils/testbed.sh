#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Tests marked nova, on a fresh OpenStack of tests/testbeds/openstack, which stays up. Exits 77 (skipped) where none can be.
set -euo pipefail
cd "$(dirname "$0")/../.."
python tests/testbeds/openstack/bed.py up --fresh
# One at a time: they share one cloud.
exec pytest -q -n0 -p no:cacheprovider -m nova --durations=10 "$@"
