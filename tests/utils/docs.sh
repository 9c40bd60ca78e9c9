#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Checks plugin documentation and guides, and builds the site to .cache/site/build/html with warnings as errors.
set -euo pipefail
cd "$(dirname "$0")/../.."
antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
rm -rf .cache/site
mkdir -p .cache
mkdir -m 0700 .cache/site
antsibull-docs sphinx-init --use-current --squash-hierarchy --lenient \
  --dest-dir .cache/site xenfleet.compute >/dev/null
cat >>.cache/site/conf.py <<'CONF'

# The site must build without a network, so it looks up no other project's index, and references
# to ansible-core's own pages stay unresolved.
intersphinx_mapping = {}
suppress_warnings = ["ref.ref"]
CONF
cd .cache/site
mkdir -p temp-rst rst
antsibull-docs --config-file antsibull-docs.cfg collection --use-current --dest-dir temp-rst --squash-hierarchy \
  xenfleet.compute >/dev/null
cp -r temp-rst/. rst/
sphinx-build -M html rst build -c . -W --keep-going -q
