#!/usr/bin/env bash
# Puts notify-smoke on the path: the released program that the lock file names by its SHA-256, or one that is built here.
set -euo pipefail
bin="${RUNNER_TEMP:?}/notify-smoke-bin"
mkdir -p "$bin"

refuse() {
  # One line, whatever is in it.
  printf '::error title=notify-smoke is not set up::%s\n' "${1//$'\n'/ }"
  exit 5
}

case "${BUILD:-}" in
  source)
    root="$GITHUB_ACTION_PATH/../../.."
    cargo build --locked --release --no-default-features --manifest-path "$root/Cargo.toml"
    cp "${CARGO_TARGET_DIR:-$root/target}/release/notify-smoke" "$bin/notify-smoke"
    ;;
  "")
    platform="$(uname -s)-$(uname -m)"
    read -r version _ sum address < <(grep -v '^#' "$GITHUB_ACTION_PATH/lock" | awk -v p="$platform" '$2 == p') || true
    if [ -z "${address:-}" ]; then
      refuse "The lock file of this action has no program for $platform. Pin a released version, or set build: source."
    fi
    curl --fail --silent --show-error --location --max-time 120 --max-filesize 100000000 --proto '=https' --output "$bin/new" "$address" ||
      refuse "notify-smoke $version cannot be fetched."
    printf '%s  %s\n' "$sum" "$bin/new" | sha256sum --check --status ||
      refuse "What was fetched is not notify-smoke $version: its SHA-256 is another one. Nothing of it was run."
    mv "$bin/new" "$bin/notify-smoke"
    ;;
  *) refuse "The input build is source or empty." ;;
esac
chmod 755 "$bin/notify-smoke"
echo "$bin" >>"$GITHUB_PATH"
