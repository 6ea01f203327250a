# holds the lock on this cluster
# shellcheck shell=sh
umask 077
mkdir -p -- "$1" && exec 9>>"$1/lock" || exit 1
if ! flock -n 9; then
  cat -- "$1/holder" >&2
  exit 75
fi
printf '%s\n' "$2" >"$1/holder"
echo held
while timeout "$3" sh -c 'read -r line'; do echo beat; done
