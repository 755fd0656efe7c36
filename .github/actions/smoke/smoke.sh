#!/usr/bin/env bash
# From the action's inputs to the program's options: each is one word of the command line, whatever stands in it.
set -euo pipefail
options=(smoke "--root=${INPUT_FILES:-$GITHUB_ACTION_PATH/../../..}")
add() { if [ -n "$2" ]; then options+=("$1=$2"); fi; }
add --profile "$INPUT_PROFILE"
add --because "$INPUT_BECAUSE"
add --deployed "$INPUT_DEPLOYED"
add --commit "$INPUT_COMMIT"
add --fail-on "$INPUT_FAIL_ON"
add --evidence "$INPUT_EVIDENCE"
add --settle "$INPUT_SETTLE"
add --known "$INPUT_KNOWN"
# Tests drive the action against a sandbox of theirs.
add --sandbox "${NOTIFY_SMOKE_SANDBOX:-}"
exec notify-smoke "${options[@]}" -- "$INPUT_ENVIRONMENT"
