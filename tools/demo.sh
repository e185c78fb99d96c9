#!/usr/bin/env bash
# ./dev demo: what two published releases of the npm package vega-datasets changed in two of their data sets.
# demo.sh PROGRAM DATA [REPORT-FOLDER]. Every number it prints is computed by the program from the published files.
set -euo pipefail

program=$1
data=$2
reports=${3:-$PWD/build/demo}
old=vega-datasets-2.11.0
new=vega-datasets-3.2.1

bold='' dim='' plain='' color=()
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m' color=(--color)
fi

chapter() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
say() { printf '%s\n' "$@"; }

# Shows a command line as a reader would type it, runs it in the data's folder, and takes 0 and 1 for an answer.
run() {
  local shown=("$@") code=0 begin word line='$ tinderbox'
  for word in "${shown[@]}"; do
    [[ $word == "$reports"/* ]] && word=${word##*/}
    if [[ $word == *"'"* ]]; then
      word="\"$word\""
    elif [[ ! $word =~ ^[A-Za-z0-9_./=,:%-]+$ ]]; then
      word="'$word'"
    fi
    line+=" $word"
  done
  printf '\n%s%s%s\n\n' "$dim" "$line" "$plain"
  begin=${EPOCHREALTIME/[.,]/}
  "$program" "$@" "${color[@]}" || code=$?
  ((code <= 1)) || { printf 'tinderbox ended with %d\n' "$code" >&2 && exit 1; }
  printf '%sexit code %d, %d.%03d s%s\n' "$dim" "$code" $(((${EPOCHREALTIME/[.,]/} - begin) / 1000000)) \
    $(((${EPOCHREALTIME/[.,]/} - begin) / 1000 % 1000)) "$plain"
}

mkdir -p "$reports"
reports=$(cd "$reports" && pwd)
cd "$data"

chapter "Two releases of the same data"
say "The npm package vega-datasets publishes example data. Its authors changed some of it between release 2.11.0 and 3.2.1." \
  "What exactly?"

chapter "1. The state capitals: a small table with a key"
run diff $old/us-state-capitals.json $new/us-state-capitals.json --key state --limit 4 \
  --report "$reports/capitals.html" --overwrite

chapter "2. The same, when a small move is no change"
say "Coordinates may lie a twentieth of a degree apart, about 5 km. What moved further?"
run diff $old/us-state-capitals.json $new/us-state-capitals.json --key state --tolerance lon=0.05 --tolerance lat=0.05 --limit 10

chapter "3. Three million flights: a large table without a key"
say "Whole rows are counted and compared. First as the files are:"
run diff $old/flights-3m.parquet $new/flights-3m.parquet --limit 0

chapter "4. The same flights, with the dates made comparable"
say "The new release has timestamps where the old one has text like 01312359. An expression writes them the old way:"
run diff $old/flights-3m.parquet $new/flights-3m.parquet --right-map "date=date_format(date, 'MMddHHmm')" --limit 6 \
  --report "$reports/flights.html" --overwrite

chapter "5. Is it the dates?"
say "With the time of day alone in the place of the date, a flight that was only moved to another day differs no longer:"
run diff $old/flights-3m.parquet $new/flights-3m.parquet --left-map 'date=substring(date, 5, 4)' \
  --right-map "date=date_format(date, 'HHmm')" --limit 0

chapter "The reports of chapters 1 and 4, with every changed column in pictures:"
say "$reports/capitals.html" "$reports/flights.html"
