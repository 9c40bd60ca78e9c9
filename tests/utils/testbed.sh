#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# testbed.sh NUMBER PATH...: tests marked nova below these paths, on a fresh OpenStack of tests/testbeds/openstack, the first or a
# further one, which is taken down at the end. Exits 77 (skipped) where none can be.
set -euo pipefail
cd "$(dirname "$0")/../.."
number=$1
shift
first=${XENFLEET_TESTBED:-.cache/openstack}
if [ "$number" -gt 1 ]; then
  export XENFLEET_TESTBED=$first-$number XENFLEET_TESTBED_SOFTWARE=$first
fi
trap 'python tests/testbeds/openstack/bed.py down' EXIT
python tests/testbeds/openstack/bed.py up --fresh
# One at a time: they share one cloud.
pytest -q -n0 -p no:cacheprovider -m nova --durations=10 "$@"
