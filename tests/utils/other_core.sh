# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced, with the name of a list in requirements/ ("oldest" or "newest"): makes .cache/NAME, a virtual environment with
# that ansible-core, and sets interpreter to the Python it is made of. Exits 77 (skipped) where that Python is missing.
name=$1
case "$name" in
  oldest) wanted=3.11 ;;
  newest) wanted=3.12 ;;
  *) echo "no such ansible-core: $name" && exit 2 ;;
esac
interpreter=
for candidate in "$(command -v "python$wanted" || true)" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$wanted".*/bin/python; do
  if [ -x "$candidate" ] && "$candidate" -c '' 2>/dev/null; then
    interpreter=$("$candidate" -c 'import sys; print(sys._base_executable)')
    break
  fi
done
if [ -z "$interpreter" ]; then
  echo "SKIPPED: no Python $wanted found, which the $name supported ansible-core needs"
  exit 77
fi
(
  # Two parts of the test run may want the same environment at once.
  mkdir -p .cache
  exec 9>".cache/$name.lock"
  flock 9
  if [ "requirements/$name.txt" -nt ".cache/$name/.ready" ]; then
    "$interpreter" -m venv --clear ".cache/$name"
    uv pip install --quiet --python ".cache/$name/bin/python" -r "requirements/$name.txt"
    touch ".cache/$name/.ready"
  fi
)
