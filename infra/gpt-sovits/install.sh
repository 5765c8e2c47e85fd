#!/usr/bin/env bash
# install.sh [--dry-run] [--model-version VERSION] [--fp32] [--replicas N] [--help]
#   Puts GPT-SoVITS, pinned to one commit, on a Linux machine with an NVIDIA GPU and starts its api_v2 on loopback.
#   Run again, it does only what is missing.
#     --dry-run         check the machine and print the steps; change nothing
#     --model-version   v1, v2, v2Pro, v2ProPlus (unless told otherwise), v3 or v4
#     --fp32            single precision, for GTX 16 cards, whose fp16 does not serve; takes more GPU memory
#     --replicas N      N servers, 1 to 99, on ports 9880, 9881, … (1)
#     --help            print this
set -euo pipefail
umask 022

# The pin. README.md tells how to move it: requirements.lock belongs to it.
commit=48b1a0169a28582a8984402f82cf438d3bfa6aca
source_url=https://github.com/RVC-Boss/GPT-SoVITS.git
models_url=https://huggingface.co/XXXXRT/GPT-SoVITS-Pretrained/resolve/main
python_version=3.11
first_port=9880
# The oldest driver that runs programs built for CUDA 12.x (NVIDIA's release notes, "minor version compatibility").
oldest_driver=525
# The oldest GPU that the pinned torch is built for: compute capability 7.0 (Volta; GTX 16 is 7.5).
oldest_gpu=7
environment_gb=12
weights_gb=16
ready_tries=90

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lock=$here/requirements.lock
root=${DESTDIR:-} # a folder to take for /, as in `make install`
top=$root/opt/gpt-sovits
app=$top/app
venv=$top/venv
archives=$top/archives
etc=$root/etc/gpt-sovits
data=$root/var/lib/gpt-sovits
units=$root/etc/systemd/system

unfinished=$top/unfinished # there while something new has not been started yet, also after an interruption

dry_run=false half=true model_version=v2ProPlus replicas=1

say() { echo "gpt-sovits: $*"; }
die() { say "$*" >&2; exit 1; }
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }

# wrong OPTION ALLOWED GIVEN: ends with one line that names the value, or its absence, and what is allowed.
wrong() {
  if [ -n "$3" ]; then say "$1 takes $2, not $3" >&2; else say "$1 takes $2, and none is given" >&2; fi
  exit 2
}

# run COMMAND...: runs it, or in a dry run only shows it.
run() {
  if $dry_run; then echo "  + $*"; else "$@"; fi
}

changing() {
  changes=true
  $dry_run || : >"$unfinished"
}

changes=false
if [ -e "$unfinished" ]; then changes=true; fi

arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
  --dry-run) dry_run=true ;;
  --fp32) half=false ;;
  --model-version) model_version=${2-}; shift $(($# > 1)) ;;
  --replicas) replicas=${2-}; shift $(($# > 1)) ;;
  --help | -h) usage; exit ;;
  *)
    say "unknown argument '$1': allowed are --dry-run, --model-version VERSION, --fp32, --replicas N and --help" >&2
    exit 2
    ;;
  esac
  shift
done
[[ $replicas =~ ^[1-9][0-9]?$ ]] || wrong --replicas "a number from 1 to 99" "$replicas"

# Where the pinned commit looks for its own weights, by version (its GPT_SoVITS/configs/tts_infer.yaml).
pretrained=GPT_SoVITS/pretrained_models
case $model_version in
v1) gpt='s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt' sovits=s2G488k.pth ;;
v2)
  gpt='gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt'
  sovits=gsv-v2final-pretrained/s2G2333k.pth
  ;;
v2Pro | v2ProPlus) gpt=s1v3.ckpt sovits=v2Pro/s2G$model_version.pth ;;
v3) gpt=s1v3.ckpt sovits=s2Gv3.pth ;;
v4) gpt=s1v3.ckpt sovits=gsv-v4-pretrained/s2Gv4.pth ;;
*) wrong --model-version "one of v1, v2, v2Pro, v2ProPlus, v3, v4" "$model_version" ;;
esac

# Prints one line for each thing that is missing; nothing is changed before this is silent.
missing() {
  local program gpu driver capability free_kb needed_gb=0 existing=$top
  if [ "$(uname -sm)" != "Linux x86_64" ]; then echo "Linux on x86-64: this is $(uname -sm)"; fi
  if ! type -P systemctl >/dev/null; then
    echo "systemd: its systemctl is not there"
  elif [ ! -d "$root/run/systemd/system" ]; then # sd_booted(3)
    echo "systemd: it is installed but does not run: take a machine that it has started; most containers have none"
  fi
  for program in git curl unzip tar ffmpeg g++ cmake make; do
    type -P "$program" >/dev/null || echo "$program: \`apt-get install $program\`"
  done
  type -P uv >/dev/null || echo "uv, which brings Python $python_version: see https://docs.astral.sh/uv/"
  gpu=$(nvidia-smi --query-gpu=driver_version,compute_cap --format=csv,noheader 2>/dev/null) || gpu=
  gpu=${gpu%%$'\n'*} # one line a card
  driver=${gpu%%,*} capability=${gpu##*, }
  if [[ ! $gpu =~ ^[0-9]+\.[0-9.]+,\ [0-9]+\.[0-9]+$ ]]; then
    echo "the NVIDIA driver: nvidia-smi does not answer: install series $oldest_driver or newer" \
      "(Ubuntu: \`ubuntu-drivers install\`, Debian: \`apt-get install nvidia-driver\` from non-free), restart," \
      "and see that \`nvidia-smi\` shows the GPU"
  elif ((${driver%%.*} < oldest_driver)); then
    echo "a newer NVIDIA driver: $driver is here, CUDA 12 needs $oldest_driver"
  elif ((${capability%%.*} < oldest_gpu)); then
    echo "a newer GPU: compute capability $capability is here, torch needs $oldest_gpu.0"
  fi
  [ -f "$venv/.lock" ] || needed_gb=$((needed_gb + environment_gb))
  [ -f "$archives/pretrained_models.zip.done" ] || needed_gb=$((needed_gb + weights_gb))
  while [ ! -e "$existing" ]; do existing=$(dirname "$existing"); done
  free_kb=$(df -Pk "$existing" | awk 'NR == 2 { print $4 }')
  ((free_kb >= needed_gb * 1024 * 1024)) ||
    echo "disk: $((free_kb / 1024 / 1024)) GB are free at $existing, $needed_gb GB are needed"
}

account() {
  if getent passwd gpt-sovits >/dev/null; then return; fi
  say "making the user gpt-sovits"
  run useradd --system --user-group --home-dir /var/lib/gpt-sovits --no-create-home --shell /usr/sbin/nologin gpt-sovits
}

folders() {
  run mkdir -p "$archives" "$etc" "$data/voices" "$data/weights" "$units"
  # Recordings of people: for the service and its administrator.
  run chown root:gpt-sovits "$data/voices" "$data/weights"
  run chmod 2750 "$data/voices" "$data/weights"
}

checked_out() {
  [ -d "$app/.git" ] && [ "$(git -C "$app" rev-parse HEAD 2>/dev/null)" = "$commit" ]
}

checkout() {
  # Only programs count: it rebuilds some of its own dictionaries in place.
  if [ -d "$app/.git" ] && [ -n "$(git -C "$app" status --porcelain --untracked-files=no -- '*.py')" ]; then
    die "programs in $app were changed by hand (git -C $app diff): undo that or move the folder away, and run this again"
  fi
  if checked_out; then say "source: at $commit"; return; fi
  say "source: fetching $commit"
  changing
  run git init -q "$app"
  run git -C "$app" fetch -q --depth 1 "$source_url" "$commit"
  run git -C "$app" checkout -q --force --detach FETCH_HEAD
  $dry_run || checked_out ||
    die "the source in $app is not at $commit after fetching it: move the folder away and run this again"
}

environment() {
  local wanted
  wanted=$(sha256sum <"$lock")
  if [ "$(cat "$venv/.lock" 2>/dev/null)" = "$wanted" ]; then
    say "Python environment: as in requirements.lock"
    return
  fi
  say "Python environment: installing what requirements.lock names (8 GB)"
  changing
  # A Python of its own: the service cannot look into the home of whoever ran this.
  export UV_PYTHON_INSTALL_DIR=$top/python
  [ -x "$venv/bin/python" ] || run uv venv -q --managed-python --python "$python_version" "$venv"
  run uv pip sync -q --require-hashes --no-binary opencc --python "$venv/bin/python" "$lock"
  $dry_run || printf '%s\n' "$wanted" >"$venv/.lock"
}

# archive NAME HOLDS COMMAND...: fetches NAME and unpacks it with COMMAND, unless the file or folder HOLDS came of it.
archive() {
  local name=$1 holds=$2 file=$archives/$1
  shift 2
  if [ -f "$file.done" ] && [ -e "$holds" ]; then say "$name: unpacked"; return; fi
  changing
  if [ ! -f "$file" ]; then
    say "$name: fetching"
    run curl -fL --retry 5 -C - -o "$file.part" "$models_url/$name"
    run mv "$file.part" "$file"
  fi
  run "$@"
  # The hub's files are not pinned: what came is written down, to be compared with another machine's.
  $dry_run || (cd "$archives" && sha256sum "$name" >"$name.done")
  run rm "$file"
}

weights() {
  local site=$venv/lib/python$python_version/site-packages file
  archive pretrained_models.zip "$app/$pretrained/sv" unzip -q -o "$archives/pretrained_models.zip" -d "$app/GPT_SoVITS"
  archive G2PWModel.zip "$app/GPT_SoVITS/text/G2PWModel" unzip -q -o "$archives/G2PWModel.zip" -d "$app/GPT_SoVITS/text"
  archive nltk_data.zip "$venv/nltk_data" unzip -q -o "$archives/nltk_data.zip" -d "$venv"
  archive open_jtalk_dic_utf_8-1.11.tar.gz "$site/pyopenjtalk/open_jtalk_dic_utf_8-1.11" \
    tar -xzf "$archives/open_jtalk_dic_utf_8-1.11.tar.gz" --no-same-owner -C "$site/pyopenjtalk"
  if $dry_run; then return; fi
  for file in "$pretrained/$gpt" "$pretrained/$sovits"; do
    [ -s "$app/$file" ] || die "model version $model_version: $file is not among the weights that came"
  done
}

first_use() {
  if ! $changes; then return; fi
  say "first use: language detection and dictionaries"
  run env -C "$app" "$venv/bin/python" "$here/first_use.py" || die "first use failed, see above"
}

configuration() {
  local port=$1 file=$etc/$1.yaml
  if [ -f "$file" ]; then say "$file: kept as it is"; return; fi
  say "$file: model version $model_version, half precision $half"
  if $dry_run; then return; fi
  cat >"$file" <<YAML
# What gpt-sovits@$port starts with. After a change: systemctl restart gpt-sovits@$port
custom:
  version: $model_version
  device: cuda
  is_half: $half
  t2s_weights_path: $pretrained/$gpt
  vits_weights_path: $pretrained/$sovits
  bert_base_path: $pretrained/chinese-roberta-wwm-ext-large
  cnhuhbert_base_path: $pretrained/chinese-hubert-base
YAML
}

unit() {
  if cmp -s "$here/gpt-sovits@.service" "$units/gpt-sovits@.service"; then return; fi
  say "$units/gpt-sovits@.service"
  changing
  run install -m 0644 "$here/gpt-sovits@.service" "$units/gpt-sovits@.service"
  run systemctl daemon-reload
}

start() {
  local port=$1
  run systemctl enable -q "gpt-sovits@$port"
  if $changes; then run systemctl restart "gpt-sovits@$port"; else run systemctl start "gpt-sovits@$port"; fi
}

# The server has no health route: a request without parameters is refused once the model is loaded.
wait_for() {
  local unit=gpt-sovits@$1 url=http://127.0.0.1:$1/tts try status
  if $dry_run; then return; fi
  for ((try = 0; try < ready_tries; try++)); do
    status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$url") || status=000
    if [[ $status =~ ^(400|500)$ ]]; then return; fi
    sleep 2
  done
  die "$unit is installed but does not answer after $((ready_tries * 2)) s: see journalctl -u $unit"
}

if ! $dry_run && [ "$(id -u)" != 0 ]; then
  type -P sudo >/dev/null || die "run this as root: it makes a user, writes to /opt and /etc, and starts a service"
  exec sudo env "PATH=$PATH" bash "$here/install.sh" "${arguments[@]}"
fi

problems=$(missing)
tell_problems() {
  local line
  while read -r line; do say "missing: $line" >&2; done <<<"$problems"
}
if [ -n "$problems" ]; then
  tell_problems
  if ! $dry_run; then die "not installed: $(wc -l <<<"$problems") missing, see above; nothing was changed"; fi
fi

account
folders
checkout
environment
weights
first_use
ports=() addresses=
for ((port = first_port; port < first_port + replicas; port++)); do ports+=("$port"); done
for port in "${ports[@]}"; do configuration "$port"; done
unit
for port in "${ports[@]}"; do start "$port"; done
for port in "${ports[@]}"; do
  wait_for "$port"
  addresses+=${addresses:+,}http://127.0.0.1:$port
done

$dry_run || rm -f "$unfinished"
if [ -n "$problems" ]; then
  tell_problems # once more: the steps have pushed the first time off the screen
  die "dry run: $(wc -l <<<"$problems") missing, see above; nothing was changed"
fi
if $dry_run; then say "dry run: nothing is missing, nothing was changed"; exit; fi
say "ready: put GPT_SOVITS_URLS=$addresses into Malbeot's .env and ask \`malbeot doctor\`"
