#!/usr/bin/env bash
# with_pyspark.sh PYTHON ARGUMENT…: runs that Python, or the one that pyspark.sh made; exit code 77 when there is none.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
python=$1
if [[ -z $python ]]; then
  folder=${TINDERBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tinderbox}/pyspark-$(sha256sum "$here/requirements.txt" | cut -c1-12)
  python=$folder/bin/python
  [[ -e $folder/complete ]] || { echo "skipped: needs pyspark-client; tests/tools/pyspark.sh installs it"; exit 77; }
fi
exec "$python" "${@:2}"
