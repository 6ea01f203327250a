# looks at clock, tools, paths, room and versions
# shellcheck shell=sh
echo "clock $(date +%s)"
for tool in rsync find stat flock sha256sum systemctl timeout; do
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
exit 0
