#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The integration targets (all, or those named), run by ansible-test on this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -d tests/integration/targets ]; then
  echo "SKIPPED: there are no integration targets"
  exit 77
fi
environment=$PWD/.venv
interpreter=$(.venv/bin/python -c 'import sys; print(sys._base_executable)')
# shellcheck source=tests/utils/ansible_test_home.sh
. tests/utils/ansible_test_home.sh
export PATH="$environment/bin:$(dirname "$interpreter"):$PATH"
unset ANSIBLE_HOME ANSIBLE_COLLECTIONS_PATH
cd "$(tests/utils/export.sh "$PWD/.sanity/integration")"
exec "$environment/bin/ansible-test" integration --local --python "$("$environment/bin/python" -c \
  'import sys; print("%d.%d" % sys.version_info[:2])')" --color no "$@"
