#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the archive to build/, installs it to an empty place, and loads every module's documentation from there.
set -euo pipefail
cd "$(dirname "$0")/../.."
rm -rf build
ansible-galaxy collection build --output-path build >/dev/null
archive=$(ls build/*.tar.gz)
unwanted=$(tar -tzf "$archive" | grep -E '^\.|(^|/)(__pycache__|\.venv|\.cache|\.tree)(/|$)|^(ansible\.cfg|pyproject\.toml)$' || true)
if [ -n "$unwanted" ]; then
  printf '%s holds files that build_ignore should keep out:\n%s\n' "$archive" "$unwanted"
  exit 1
fi
apart=$(mktemp -d)
trap 'rm -rf "$apart"' EXIT
export ANSIBLE_COLLECTIONS_PATH="$apart/collections" ANSIBLE_HOME="$apart/home"
archive=$PWD/$archive
cd "$apart"
ansible-galaxy collection install --offline --no-deps -p collections "$archive" >/dev/null
modules=$(find collections/ansible_collections/xenfleet/compute/plugins/modules -name '*.py' -printf '%f\n' | sed 's/\.py$//' | sort)
if [ -z "$modules" ]; then
  echo "$archive holds no module"
  exit 1
fi
# shellcheck disable=SC2086 # one word per module
ansible-doc --json $(printf 'xenfleet.compute.%s ' $modules) >docs.json
echo "$(basename "$archive"): $(echo "$modules" | wc -l) modules load from the installed archive"
