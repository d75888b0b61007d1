#!/usr/bin/env bash
# The one test command: every module of the workspace, against a real PostgreSQL and a real Valkey.
#
#   ./test.sh                              everything
#   ./test.sh --race | --cover             with the race detector | with coverage and its two floors
#   ./test.sh --cover --race               both in one run, the race detector where things race: core, adapters
#   ./test.sh ./core/... -run Refresh      anything else goes to go test
#
# Servers come from TEST_POSTGRES_URL and TEST_VALKEY_URL, else private ones are started (see
# .ci/servers) and stopped at the end. A server that cannot be had fails the run; nothing is skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

CORE_FLOOR=90
WHOLE_FLOOR=80

race='' cover='' packages=() args=()
while (($#)); do
  case "$1" in
  --race) race=1 ;;
  --cover) cover=1 ;;
  ./* | github.com/*) packages+=("$1") ;;
  *) args+=("$1") ;;
  esac
  shift
done

work=$(mktemp -d)
export SERVERS_DIR="$work/servers"
chmod 711 "$work" # PostgreSQL's user has to pass through

finish() {
  local rc=$?
  trap - EXIT
  jobs -p | xargs -r kill 2>/dev/null || true
  .ci/servers stop || true
  rm -rf "$work"
  ((rc == 0)) && echo "test.sh: passed in $SECONDS s" || echo "test.sh: FAILED after $SECONDS s"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

modules() { GOFLAGS='' go list -m -f '{{.Dir}}' | sed "s#^$PWD#.#"; }

# What the tests of a module count towards besides its own packages: what it may import. Wider, and every test binary
# would link the whole product.
below() {
  case "$1" in
  ./api) echo ./core/... ;;
  ./adapters) echo ./core/... ./sql/... ;;
  ./apps) modules | sed 's#$#/...#' ;;
  esac
}

# What is counted of some packages: not what is generated, which is large. The generated client has parts by hand.
counted() { go list "$@" | grep -vE '/(oapi|pgdb|litedb)$' | paste -sd, -; }

# The race detector makes tests several times as slow. The domain and what drives databases and caches are where
# things race; what stands on top of them is tested by processes, which it does not look into. SQLite is C that was
# translated to Go: ten times as slow under the detector, which would look for races in that. The others that are left
# out are pure functions.
raced() { [[ -n $race && ($1 == ./core || $1 == ./adapters) ]]; }
single='/adapters/(sqlite|migration|qrcode|geoip|useragent|internal/userlist|internal/recordlist)(/|$)'

# test_part PROFILE COUNTED RACE PACKAGE… tests packages, with the race detector where RACE is not empty. The linter vets.
test_part() {
  local profile=$1 counted=$2 detector=()
  if [[ -n $3 ]]; then detector=(-race); fi
  shift 3
  CGO_ENABLED=$([[ -n ${detector[*]} ]] && echo 1 || echo "$CGO_ENABLED") \
    go test "${detector[@]}" -vet=off -covermode=atomic -coverpkg="$counted" -coverprofile="$profile" \
    "${args[@]}" "$@" 2> >(grep -v 'no packages being tested depend on matches' >&2) | sed 's/\tcoverage: .* of statements in .*//'
}

# The tests of the applications mostly wait for the processes that they start: they run beside all others.
test_with_cover() {
  local module rc=0 beneath packages racing
  mapfile -t beneath < <(below ./apps)
  test_part "$work/apps.out" "$(counted "${beneath[@]}")" '' ./apps/... >"$work/apps.log" 2>&1 &
  local applications=$!
  while read -r module; do
    mapfile -t beneath < <(below "$module" | tr " " "\n")
    mapfile -t packages < <(go list "$module/...")
    if raced "$module"; then
      mapfile -t racing < <(printf '%s\n' "${packages[@]}" | grep -vE "$single")
      mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -E "$single")
      test_part "$work/$(basename "$module")-raced.out" "$(counted "${beneath[@]}" "${racing[@]}")" race "${racing[@]}" || rc=1
    fi
    if ((${#packages[@]})); then
      test_part "$work/$(basename "$module").out" "$(counted "${beneath[@]}" "$module/...")" '' "${packages[@]}" || rc=1
    fi
  done < <(modules | grep -vx ./apps)
  wait "$applications" || rc=1
  cat "$work/apps.log"
  ((rc == 0)) || return 1
  .ci/coverage "$CORE_FLOOR" "$WHOLE_FLOOR" "$work"/*.out
}

export CGO_ENABLED="${CGO_ENABLED:-0}"
if [[ -n $race ]] && ! command -v "$(go env CC)" >/dev/null; then
  echo "test.sh: --race needs a C compiler ($(go env CC) is missing)" >&2
  exit 1
fi

# Results are never taken from a cache: tests read files of the repository that Go does not keep an eye on.
args=(-count=1 "${args[@]}")

servers=$(.ci/servers start)
eval "$servers"

if [[ -n $cover && ${#packages[@]} == 0 ]]; then
  test_with_cover
else
  if [[ -n $race ]]; then
    export CGO_ENABLED=1
    args+=(-race)
  fi
  if [[ -n $cover ]]; then args+=(-cover); fi
  if ((${#packages[@]} == 0)); then mapfile -t packages < <(modules | sed 's#$#/...#'); fi
  go test "${packages[@]}" "${args[@]}"
fi
