# looks at clock, tools, paths, room and versions
# shellcheck shell=sh
# $1 is the configuration of HopsFS's data node and $2 its folder, if there is one; then come paths.
configuration=$1 own=$2
shift 2
echo "clock $(date +%s)"
for tool in rsync find stat flock sha256sum systemctl timeout mountpoint; do
  command -v "$tool" >/dev/null && echo "tool $tool"
done
for path; do
  if [ -e "$path" ]; then
    echo "path $path $(stat -L -c %U:%G -- "$path")"
    used=$(timeout 5 du -skD -- "$path" 2>/dev/null | cut -f 1)
    [ -z "$used" ] || echo "used $path $used"
  fi
  there=$path
  while [ ! -e "$there" ]; do there=$(dirname -- "$there"); done
  echo "free $path $(df -Pk -- "$there" | awk 'END {print $4}')"
  for program in mysqld ndb_restore ndb_mgm mysqldump; do
    [ ! -x "$path/$program" ] || echo "version $program $("$path/$program" --version 2>&1 </dev/null | head -n 1)"
  done
done
# The folders of its blocks, as the data node knows them: [DISK]file:///a,file:///b.
if [ -f "$configuration" ]; then
  echo "own $(readlink -m -- "$own")"
  tr '\n' ' ' <"$configuration" |
    sed -n 's|.*<name>[[:space:]]*dfs\.datanode\.data\.dir[[:space:]]*</name>[[:space:]]*<value>\([^<]*\)</value>.*|\1|p' | tr ',' '\n' |
    while read -r folder || [ -n "$folder" ]; do
      folder=${folder#\[*\]}
      folder=${folder#file:}
      echo "folder $(readlink -m -- "/$folder")"
    done
fi
exit 0
