#!/usr/bin/env bash
# The linter among programs of others: SARIF against the schema of SARIF 2.1.0, and the hooks under the real pre-commit in a
# scratch repository, with findings, without, and with --fix.
#
#   tests/lint_outside.sh [HWDR]      the program, by default target/release/hwdr
#
# What it needs (pre-commit, jsonschema, SARIF's schema) goes into the cache. The hook is that of HEAD, as pre-commit takes it. Its wheel is not
# on PyPI before a release: PIP_FIND_LINKS names the folder that has it (scripts/release/wheel makes it, scripts/release/test runs this).
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
hwdr=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/hwdr}")
cache=${HWDR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hwdr}/lint-peers
venv=$cache/venv/bin
sarif_schema=$cache/npm/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json

scripts/tools pre-commit
pre_commit=$(scripts/tools --dir)/pre-commit
if ! "$venv/python" -c 'import jsonschema' 2>/dev/null; then
  python3 -m venv "$cache/venv"
  "$venv/pip" install --quiet jsonschema==4.26.0
fi
[ -f "$sarif_schema" ] || npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$cache/npm" @microsoft/jest-sarif

work=$(mktemp -d)
# The hook for a program that is there already finds it by this name.
mkdir "$work/bin"
ln -s "$hwdr" "$work/bin/hwdr"
trap 'rm -rf "$work"' EXIT
fail() { echo "lint_outside: $*" >&2; exit 1; }

# SARIF: findings, files that cannot be read, flags that have no file.
cd testdata/lint
"$hwdr" lint --format sarif wrong.yaml base.yaml missing.yaml >"$work/files.sarif" 2>/dev/null || true
"$hwdr" lint --format sarif -f wrong.yaml --set global._hopsworks.restoreFromBackup.backupId=254811200 >"$work/flags.sarif" || true
cd "$root"
"$venv/python" - "$sarif_schema" "$work"/*.sarif <<'PYTHON'
import json, sys, jsonschema

schema = json.load(open(sys.argv[1]))
schema["definitions"]["run"]["properties"]["language"].pop("pattern")  # it is no regular expression
for path in sys.argv[2:]:
    log = json.load(open(path))
    errors = [f"{path}: {'/'.join(map(str, e.absolute_path))}: {e.message}" for e in jsonschema.Draft4Validator(schema).iter_errors(log)]
    if errors or not log["runs"][0]["results"]:
        sys.exit("\n".join(errors) or f"{path}: no results")
PYTHON
echo "SARIF: valid"

# pre-commit, as a user sets it up.
mkdir "$work/repository"
cd "$work/repository"
export PRE_COMMIT_HOME=${PRE_COMMIT_HOME:-$work/pre-commit}
git init --quiet .
configure() { # HOOK ARGS
  printf 'repos:\n  - repo: file://%s\n    rev: %s\n    hooks:\n      - id: %s\n        args: [%s]\n' \
    "$root" "$(git -C "$root" rev-parse HEAD)" "$1" "$2" >.pre-commit-config.yaml
  git add --all
}
cp "$root/testdata/lint/base.yaml" values-base.yaml
configure hwdr-lint ''
start=$(date +%s%N)
"$pre_commit" install-hooks >"$work/log" 2>&1 || { cat "$work/log" >&2; fail 'the hook does not install'; }
cold=$((($(date +%s%N) - start) / 1000000))
start=$(date +%s%N)
"$pre_commit" run hwdr-lint --all-files >"$work/log" 2>&1 || { cat "$work/log" >&2; fail 'findings in right values'; }
echo "pre-commit: the hook installs in $cold ms, and runs in $((($(date +%s%N) - start) / 1000000)) ms"
for hook in hwdr-lint hwdr-lint-system; do
  cp "$root/testdata/lint/base.yaml" values-base.yaml
  rm -f values-wrong.yaml
  configure "$hook" ''
  PATH=$work/bin:$PATH "$pre_commit" run --all-files >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$hook: findings in right values"; }
  cp "$root/testdata/lint/wrong.yaml" values-wrong.yaml
  configure "$hook" ''
  ! PATH=$work/bin:$PATH "$pre_commit" run --all-files >"$work/log" 2>&1 || fail "$hook: no findings in wrong values"
  grep -q 'error\[backup-id-number\]' "$work/log" || { cat "$work/log" >&2; fail "$hook: no excerpt"; }
  configure "$hook" --fix
  ! PATH=$work/bin:$PATH "$pre_commit" run --all-files >"$work/log" 2>&1 || fail "$hook: --fix changed nothing"
  grep -q 'files were modified by this hook' "$work/log" || { cat "$work/log" >&2; fail "$hook: --fix changed nothing"; }
  grep -q 'backupId: "254811200"' values-wrong.yaml || fail "$hook: the id has no quotes"
  echo "pre-commit: $hook: passes, fails and fixes"
done
