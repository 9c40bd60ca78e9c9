#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# On the "oldest" or the "newest" supported ansible-core: the tests whose outcome depends on Ansible.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/utils/other_core.sh
. tests/utils/other_core.sh "$1"
exec ".cache/$1/bin/python" -m pytest -q -m "not nova" -p no:cacheprovider tests/unit/test_meta.py \
  tests/e2e/test_both_ways.py "tests/integration/test_targets.py::test_target[module_defaults]"
