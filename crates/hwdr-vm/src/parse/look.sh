# asks the host what it has
# shellcheck shell=sh
# One connection answers all that is asked of a host. $1 is "yes" if other accounts are used by sudo, $2 and $3 are the owners of RonDB
# and of HopsFS if they are needed here, $4 is what HopsFS's data node announces itself with, $5 its configuration, and then come paths. The
# input is the probe.
probe=$(cat) sudo=$1 mysql=$2 hdfs=$3 version=$4 configuration=$5
shift 5
as() {
  if [ "$sudo" = yes ]; then sudo -n -u "$@"; else
    shift 2
    "$@"
  fi
}
# What stands before this line, the shell has printed when it started.
echo hwdr
as root -- sh -c "$probe" hwdr "$configuration" "${version%/current/VERSION}" "$@" || exit
if [ -n "$version" ]; then
  if text=$(as "$hdfs" -- cat -- "$version" 2>&1); then
    echo "$text" | sed 's/^/announced /'
    hdfs= # The account has just been used.
  else
    echo "silent $(echo "$text" | tail -n 1)"
  fi
fi
for user in "$mysql" "$hdfs"; do
  [ -z "$user" ] || why=$(as "$user" -- true 2>&1) || echo "refused $user $(echo "$why" | tail -n 1)"
done
exit 0
