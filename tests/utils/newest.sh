# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced: makes .cache/newest, a virtual environment with the newest ansible-core, and sets interpreter to its Python.
# Exits 77 (skipped) where no Python 3.12 is installed: that core runs on nothing older.
interpreter=
for candidate in "$(command -v python3.12 || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python3.12; do
  if [ -x "$candidate" ] && "$candidate" -c '' 2>/dev/null; then
    interpreter=$("$candidate" -c 'import sys; print(sys._base_executable)')
    break
  fi
done
if [ -z "$interpreter" ]; then
  echo "SKIPPED: no Python 3.12 found, which the newest ansible-core needs"
  exit 77
fi
if [ requirements/newest.txt -nt .cache/newest/.ready ]; then
  "$interpreter" -m venv --clear .cache/newest
  uv pip install --quiet --python .cache/newest/bin/python -r requirements/newest.txt
  touch .cache/newest/.ready
fi
