#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes .cache/interop if it is missing or its list has changed: a virtual environment with both this collection's
# libraries and openstack.cloud, which comes out of the wheel of the package ansible.
set -euo pipefail
cd "$(dirname "$0")/../.."
release=12.3.0 # of ansible; has openstack.cloud 2.5.0
there=.cache/interop
mkdir -p .cache
exec 9>"$there.lock"
flock 9
if [ -e "$there/.ready" ] && [ ! requirements/interop.txt -nt "$there/.ready" ] && [ ! "$0" -nt "$there/.ready" ]; then
  exit 0
fi
python -m venv --clear "$there"
uv pip install --quiet --python "$there/bin/python" -r requirements/interop.txt
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$wheels" "ansible==$release"
python - "$wheels"/ansible-*.whl "$there/collections" <<'EXTRACT'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if n.startswith("ansible_collections/openstack/cloud/")])
EXTRACT
touch "$there/.ready"
