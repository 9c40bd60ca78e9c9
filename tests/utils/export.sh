#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Copies the checkout (what git tracks or would track) to DIR/ansible_collections/xenfleet/compute and prints that
# path: ansible-test resolves links, so the linked tree below .tree will not do for it.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$1/ansible_collections/xenfleet/compute
rm -rf "$1"
mkdir -p "$target"
# A file that was deleted but not yet committed is still listed, hence the test for existence.
git ls-files -z --cached --others --exclude-standard -- . ':!.tree' |
  while IFS= read -r -d '' path; do if [ -e "$path" ]; then printf '%s\0' "$path"; fi; done |
  xargs -0 cp --parents -Pt "$target"
git -C "$target" init -q
git -C "$target" add -A
cd "$target"
pwd
