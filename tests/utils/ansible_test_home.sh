# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced: a home of ansible-test's own, so that no other configuration counts, with the pip bootstrap scripts in place.
HOME=$PWD/.cache/home
export HOME
mkdir -p "$HOME/.ansible/test/cache"
# One name for each pip version that a supported ansible-core asks for (2.19: 24.2, 2.21: 25.2).
for version in 24_2 25_2; do
  cp tests/utils/get_pip.py "$HOME/.ansible/test/cache/get_pip_$version.py"
done
