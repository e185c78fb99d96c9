#!/usr/bin/env bash
# Makes the Python environment of the tests that run PySpark, once, in the cache; prints its interpreter.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
folder=${TINDERBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tinderbox}/pyspark-$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [[ ! -e $folder/complete ]]; then
  rm -rf "$folder"
  /usr/bin/python3 -m venv "$folder" >&2
  "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --requirement "$here/requirements.txt" >&2
  touch "$folder/complete"
fi
echo "$folder/bin/python"
