#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-test sanity on the development environment's ansible-core, or with "newest" on the newest supported one.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ "${1:-}" = newest ]; then
  # shellcheck source=tests/utils/other_core.sh
  . tests/utils/other_core.sh newest
  environment=.cache/newest
  export_to=.sanity/newest
  shift
else
  environment=.venv
  export_to=.sanity/own
  interpreter=$(.venv/bin/python -c 'import sys; print(sys._base_executable)')
fi
environment=$PWD/$environment
# shellcheck source=tests/utils/ansible_test_home.sh
. tests/utils/ansible_test_home.sh
# The interpreter's own directory, as a version manager's shim of the same name may refuse to run.
export PATH="$environment/bin:$(dirname "$interpreter"):$PATH"
version=$("$interpreter" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cd "$(tests/utils/export.sh "$PWD/$export_to")"
exec "$environment/bin/ansible-test" sanity --python "$version" --color no "$@"
