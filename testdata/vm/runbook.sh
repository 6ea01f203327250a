#!/usr/bin/env bash
# Restore of backup 2611302017 of hopsworks-prod
# Written by hwdr. Each command runs once; those of one step at the same time. The first failure ends the script, after the other commands
# of its step. It cannot be resumed: if it fails, see what is done, and do the rest by hand.
# shellcheck disable=SC1003,SC2016 # what stands in single quotes is for the hosts' shells
set -euo pipefail
# Users come with digests of their passwords.
umask 077

pids=()
step() { printf '\n== %s. %s: %s\n' "$1" "$2" "$3"; }

# run HOST COMMAND…: begins a command; its lines carry the host's name.
run() {
  local host=$1
  shift
  { "$@" 2>&1 | sed "s/^/$host: /"; } &
  pids+=($!)
}

# Waits for all commands of a step.
done_all() {
  local pid failed=0
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  pids=()
  if [ "$failed" != 0 ]; then
    echo 'A command failed: see above. Nothing more is done.' >&2
    exit 1
  fi
}

# into FILE COMMAND…: what the command prints goes into a file.
into() {
  local file=$1
  shift
  mkdir -p "$(dirname "$file")"
  "$@" >"$file"
}

# from FILE COMMAND…: the command reads a file.
from() {
  local file=$1
  shift
  "$@" <"$file"
}

# reads TEXT COMMAND…: the command reads a text.
reads() {
  local text=$1
  shift
  "$@" <<<"$text"
}

# says LINE COMMAND…: the command must print this line.
says() {
  local line=$1 said
  shift
  said=$("$@") || return 1
  echo "$said"
  grep -Fxq -- "$line" <<<"$said" || { echo "expected: $line" && return 1; }
}

# soon TEXT BUT SECONDS COMMAND…: repeats the command until it says this text, and not the other one, if there is one.
soon() {
  local text=$1 but=$2 end=$((SECONDS + $3)) said
  shift 3
  while :; do
    said=$("$@" 2>&1) || true
    if [[ $said == *"$text"* && (-z $but || $said != *"$but"*) ]]; then
      echo "$said"
      return 0
    fi
    if ((SECONDS >= end)); then
      echo "$said"
      echo "still not: $text"
      return 1
    fi
    sleep 3
  done
}

# restored TEXT COMMAND…: ndb_restore must not tell of a failure, whatever its exit status, and must say this text, if there is one.
restored() {
  local text=$1 said
  shift
  said=$("$@" 2>&1) || { echo "$said" && return 1; }
  echo "$said"
  ! grep -Eq 'FATAL ERROR|(ndb_restore|Restore): Failed|unrecoverable error|Failed to restore|exits on error|NDBT_ProgramExit: [^0]' <<<"$said" || return 1
  grep -Eq -- "$text" <<<"$said" || { echo "expected: $text" && return 1; }
}

# granted COMMAND…: MySQL may lack what a grant is for (a table, a routine), and nothing else may fail.
granted() {
  local said
  said=$("$@" 2>&1) || { echo "$said" && return 1; }
  echo "$said"
  ! grep '^ERROR' <<<"$said" | grep -Evq '^ERROR (1146|1147|1305) ' || return 1
}

# completed ID COMMAND…: RonDB must say that the backup is completed.
completed() {
  local id=$1 said
  shift
  said=$("$@" 2>&1) || { echo "$said" && return 1; }
  echo "$said"
  grep -Eq "Backup $id started from .* completed" <<<"$said" || { echo "backup $id is not completed" && return 1; }
}

step 1 stop-epipe 'stops ePipe'
run head1 ssh ops@10.89.0.11 'sudo -n -u root -- systemctl stop epipe'
done_all

step 2 stop-datanodes 'stops the data nodes of HopsFS'
run data1 ssh ops@10.89.0.21 'sudo -n -u root -- systemctl stop datanode'
run data2 ssh ops@10.89.0.22 'sudo -n -u root -- systemctl stop datanode'
done_all

step 3 stop-namenodes 'stops the name nodes of HopsFS'
run head1 ssh ops@10.89.0.11 'sudo -n -u root -- systemctl stop namenode'
run head2 ssh ops@10.89.0.12 'sudo -n -u root -- systemctl stop namenode'
done_all

step 4 save-sql 'writes the users, grants and schemas that the cluster has now'
run head1 into /var/backups/hopsworks/2611302017/runs/users.sql ssh ops@10.89.0.11 'sudo -n -u mysql -- /srv/hops/mysql/bin/mysqlpump -u root -S /srv/hops/mysql-cluster/mysql.sock --exclude-databases=% --exclude-users=root,mysql.sys,mysql.session,mysql.infoschema --users'
run head1 into /var/backups/hopsworks/2611302017/runs/schemata.sql ssh ops@10.89.0.11 'sudo -n -u mysql -- sh -c '\''# writes the schemas that are there
bin=$1 socket=$2 all=$("$1/mysql" -u root -S "$2" -N -B -e "SHOW DATABASES") || exit 1
names=$(printf "%s\n" "$all" | grep -vxE "$3") || exit 0
shift 3
IFS="
"
set -f
exec "$bin/mysqldump" -u root -S "$socket" "$@" --databases $names'\'' hwdr /srv/hops/mysql/bin /srv/hops/mysql-cluster/mysql.sock '\''mysql|information_schema|performance_schema|sys|ndbinfo|glassfish_timers'\'' --no-data --skip-add-drop-table --triggers --routines --events --no-tablespaces'
done_all

step 5 save 'backs up what RonDB has now, so that it can be put back'
run head1 completed 2611302040 ssh ops@10.89.0.11 'sudo -n -u mysql -- /srv/hops/mysql-cluster/ndb/scripts/mgm-client.sh -e '\''START BACKUP 2611302040 SNAPSHOTEND WAIT COMPLETED'\'''
done_all

step 6 clear 'drops the databases of the cluster'
run head1 reads 'SET FOREIGN_KEY_CHECKS = 0;
CREATE DATABASE IF NOT EXISTS `hops`;
DROP DATABASE `hops`;
CREATE DATABASE IF NOT EXISTS `it'\''s``odd`;
DROP DATABASE `it'\''s``odd`;
' ssh ops@10.89.0.11 'sudo -n -u mysql -- sh -c '\''# runs SQL
{ echo "DO GET_LOCK('\''\'\'''\''hwdr'\''\'\'''\'', -1);"; cat; } | "$1"'\'' hwdr /srv/hops/mysql-cluster/ndb/scripts/mysql-client.sh'
done_all

step 7 folders 'makes folders for the parts'
run data1 ssh ops@10.89.0.21 'sudo -n -u mysql -- mkdir -p /srv/hops/mysql-cluster/ndb/backups/BACKUP/BACKUP-2611302017'
run data2 ssh ops@10.89.0.22 'sudo -n -u mysql -- mkdir -p /srv/hops/mysql-cluster/ndb/backups/BACKUP/BACKUP-2611302017'
done_all

step 8 parts 'brings each data node of RonDB its part'
run data1 rsync -rlpt --stats -e 'ssh -l ops' '--rsync-path=sudo -n -u mysql -- rsync' '--include=*/' '--include=BACKUP-*.1.*' '--exclude=*' -- /var/backups/hopsworks/2611302017/BACKUP/BACKUP-2611302017/ 10.89.0.21:/srv/hops/mysql-cluster/ndb/backups/BACKUP/BACKUP-2611302017/
run data2 rsync -rlpt --stats -e 'ssh -l ops' '--rsync-path=sudo -n -u mysql -- rsync' '--include=*/' '--include=BACKUP-*.2.*' '--exclude=*' -- /var/backups/hopsworks/2611302017/BACKUP/BACKUP-2611302017/ 10.89.0.22:/srv/hops/mysql-cluster/ndb/backups/BACKUP/BACKUP-2611302017/
done_all

step 9 metadata 'restores the tables of RonDB, without indexes'
run data1 restored '' ssh ops@10.89.0.21 'sudo -n -u mysql -- /srv/hops/mysql/bin/ndb_restore -n 1 -b 2611302017 -m --disable-indexes --exclude-tables=glassfish_timers.EJB__TIMER__TBL --ndb-connectstring=10.89.0.11:1186 --backup_path=/srv/hops/mysql-cluster/ndb/backups/BACKUP/BACKUP-2611302017'
done_all

step 10 data 'restores the rows of every data node'\''s part'
run data1 restored 'Restored [0-9]+ tuples' ssh ops@10.89.0.21 'sudo -n -u mysql -- /srv/hops/mysql/bin/ndb_restore -n 1 -b 2611302017 -r --exclude-tables=glassfish_timers.EJB__TIMER__TBL --ndb-connectstring=10.89.0.11:1186 --backup_path=/srv/hops/mysql-cluster/ndb/backups/BACKUP/BACKUP-2611302017'
run data2 restored 'Restored [0-9]+ tuples' ssh ops@10.89.0.22 'sudo -n -u mysql -- /srv/hops/mysql/bin/ndb_restore -n 2 -b 2611302017 -r --exclude-tables=glassfish_timers.EJB__TIMER__TBL --ndb-connectstring=10.89.0.11:1186 --backup_path=/srv/hops/mysql-cluster/ndb/backups/BACKUP/BACKUP-2611302017'
done_all

step 11 indexes 'rebuilds the indexes'
run data1 restored '' ssh ops@10.89.0.21 'sudo -n -u mysql -- /srv/hops/mysql/bin/ndb_restore -n 1 -b 2611302017 --rebuild-indexes --exclude-tables=glassfish_timers.EJB__TIMER__TBL --ndb-connectstring=10.89.0.11:1186 --backup_path=/srv/hops/mysql-cluster/ndb/backups/BACKUP/BACKUP-2611302017'
done_all

step 12 databases 'makes the databases in MySQL'
run head1 reads 'CREATE DATABASE IF NOT EXISTS `hops`;
ALTER DATABASE `hops` CHARACTER SET latin1;
CREATE DATABASE IF NOT EXISTS `it'\''s``odd`;
' ssh ops@10.89.0.11 'sudo -n -u mysql -- sh -c '\''# runs SQL
{ echo "DO GET_LOCK('\''\'\'''\''hwdr'\''\'\'''\'', -1);"; cat; } | "$1"'\'' hwdr /srv/hops/mysql-cluster/ndb/scripts/mysql-client.sh'
done_all

step 13 discovery 'has each MySQL server look for the tables'
run head1 ssh ops@10.89.0.11 'sudo -n -u mysql -- /srv/hops/mysql/bin/mysql -u root -S /srv/hops/mysql-cluster/mysql.sock -N -B -e '\''SET GLOBAL ndb_metadata_sync = ON'\'''
run head2 ssh ops@10.89.0.12 'sudo -n -u mysql -- /srv/hops/mysql/bin/mysql -u root -S /srv/hops/mysql-cluster/mysql.sock -N -B -e '\''SET GLOBAL ndb_metadata_sync = ON'\'''
done_all

step 14 discovered 'waits until each has found them'
run head1 soon looked '' 900 ssh ops@10.89.0.11 'sudo -n -u mysql -- /srv/hops/mysql/bin/mysql -u root -S /srv/hops/mysql-cluster/mysql.sock -N -B -e '\''SELECT IF(@@ndb_metadata_sync, '\''\'\'''\''looking'\''\'\'''\'', '\''\'\'''\''looked'\''\'\'''\'')'\'''
run head2 soon looked '' 900 ssh ops@10.89.0.12 'sudo -n -u mysql -- /srv/hops/mysql/bin/mysql -u root -S /srv/hops/mysql-cluster/mysql.sock -N -B -e '\''SELECT IF(@@ndb_metadata_sync, '\''\'\'''\''looking'\''\'\'''\'', '\''\'\'''\''looked'\''\'\'''\'')'\'''
done_all

step 15 schemas 'restores views, routines and triggers'
run head1 from /var/backups/hopsworks/2611302017/sql/schemata.sql ssh ops@10.89.0.11 'sudo -n -u mysql -- sh -c '\''# runs SQL
{ echo "DO GET_LOCK('\''\'\'''\''hwdr'\''\'\'''\'', -1);"; cat; } | "$1"'\'' hwdr /srv/hops/mysql-cluster/ndb/scripts/mysql-client.sh'
done_all

step 16 users 'restores users and grants'
run head1 granted from /var/backups/hopsworks/2611302017/sql/users.sql ssh ops@10.89.0.11 'sudo -n -u mysql -- sh -c '\''# runs SQL of users
{ echo "DO GET_LOCK('\''\'\'''\''hwdr'\''\'\'''\'', -1);"; sed -- "$2"; } | "$1" --force 2>&1'\'' hwdr /srv/hops/mysql-cluster/ndb/scripts/mysql-client.sh '\''s/^CREATE USER \(IF NOT EXISTS \)*/CREATE USER IF NOT EXISTS /'\'''
done_all

step 17 rows 'counts the rows of all tables'
run head1 reads 'SELECT COUNT(*), '\''hops.hdfs_inodes'\'' FROM `hops`.`hdfs_inodes`;
' ssh ops@10.89.0.11 'sudo -n -u mysql -- /srv/hops/mysql/bin/mysql -u root -S /srv/hops/mysql-cluster/mysql.sock -N -B -r --force'
done_all

step 18 aside 'sets the blocks of the data nodes aside'
run data1 ssh ops@10.89.0.21 'sudo -n -u root -- sh -c '\''# sets the blocks aside
if [ ! -e "$2" ] && [ -e "$1" ]; then mv -T -- "$1" "$2" || exit 1; fi
mkdir -p -- "$1" && chown -- "$3" "$1" && chmod -- "$4" "$1"'\'' hwdr /srv/hopsworks-data/hops/hopsdata/hdfs/dn /srv/hopsworks-data/hops/hopsdata/hdfs/dn.hwdr-20261130204000 hdfs:hadoop 700'
run data2 ssh ops@10.89.0.22 'sudo -n -u root -- sh -c '\''# sets the blocks aside
if [ ! -e "$2" ] && [ -e "$1" ]; then mv -T -- "$1" "$2" || exit 1; fi
mkdir -p -- "$1" && chown -- "$3" "$1" && chmod -- "$4" "$1"'\'' hwdr /srv/hopsworks-data/hops/hopsdata/hdfs/dn /srv/hopsworks-data/hops/hopsdata/hdfs/dn.hwdr-20261130204000 hdfs:hadoop 700'
done_all

step 19 blocks 'brings each data node of HopsFS its blocks'
run data1 rsync -rlpt --stats -e 'ssh -l ops' '--rsync-path=sudo -n -u hdfs -- rsync' --delete -- /var/backups/hopsworks/2611302017/hopsfs/data1/ 10.89.0.21:/srv/hopsworks-data/hops/hopsdata/hdfs/dn/
run data2 rsync -rlpt --stats -e 'ssh -l ops' '--rsync-path=sudo -n -u hdfs -- rsync' --delete -- /var/backups/hopsworks/2611302017/hopsfs/data2/ 10.89.0.22:/srv/hopsworks-data/hops/hopsdata/hdfs/dn/
done_all

step 20 owners 'gives them owner and mode'
run data1 ssh ops@10.89.0.21 'sudo -n -u root -- sh -c '\''# gives the blocks owner and mode
chown -R --no-dereference -- "$2" "$1" && chmod -- "$3" "$1"'\'' hwdr /srv/hopsworks-data/hops/hopsdata/hdfs/dn hdfs:hadoop 700'
run data2 ssh ops@10.89.0.22 'sudo -n -u root -- sh -c '\''# gives the blocks owner and mode
chown -R --no-dereference -- "$2" "$1" && chmod -- "$3" "$1"'\'' hwdr /srv/hopsworks-data/hops/hopsdata/hdfs/dn hdfs:hadoop 700'
done_all

step 21 counted 'counts the blocks on each data node'
run data1 says 'blocks 12' ssh ops@10.89.0.21 'sudo -n -u hdfs -- sh -c '\''# counts the blocks
cd "$1" && echo "blocks $(find . -type f -name '\''\'\'''\''blk_*'\''\'\'''\'' ! -name '\''\'\'''\''*.meta'\''\'\'''\'' -printf '\''\'\'''\''%f\n'\''\'\'''\'' | sort -u | wc -l)"'\'' hwdr /srv/hopsworks-data/hops/hopsdata/hdfs/dn'
run data2 says 'blocks 12' ssh ops@10.89.0.22 'sudo -n -u hdfs -- sh -c '\''# counts the blocks
cd "$1" && echo "blocks $(find . -type f -name '\''\'\'''\''blk_*'\''\'\'''\'' ! -name '\''\'\'''\''*.meta'\''\'\'''\'' -printf '\''\'\'''\''%f\n'\''\'\'''\'' | sort -u | wc -l)"'\'' hwdr /srv/hopsworks-data/hops/hopsdata/hdfs/dn'
done_all

step 22 start-namenodes 'starts the name nodes of HopsFS'
run head1 ssh ops@10.89.0.11 'sudo -n -u root -- systemctl start namenode'
run head2 ssh ops@10.89.0.12 'sudo -n -u root -- systemctl start namenode'
done_all

step 23 start-datanodes 'starts the data nodes of HopsFS'
run data1 ssh ops@10.89.0.21 'sudo -n -u root -- systemctl start datanode'
run data2 ssh ops@10.89.0.22 'sudo -n -u root -- systemctl start datanode'
done_all

step 24 safemode 'waits until the data nodes have reported enough blocks: the name nodes leave safe mode'
run head1 soon 'Safe mode is OFF' 'Safe mode is ON' 3600 ssh ops@10.89.0.11 'sudo -n -u hdfs -- /srv/hops/hadoop/bin/hdfs dfsadmin -safemode get'
done_all

step 25 reindex 'rebuilds OpenSearch'\''s indices from the metadata'
run head1 ssh ops@10.89.0.11 'sudo -n -u hdfs -- /srv/hops/epipe/bin/reindex-epipe.sh'
done_all

step 26 start-epipe 'starts ePipe'
run head1 ssh ops@10.89.0.11 'sudo -n -u root -- systemctl start epipe'
done_all

step 27 topics 'makes the topics of Kafka that are missing'
run head1 ssh ops@10.89.0.11 'sudo -n -u root -- /srv/hops/kafka/bin/kafka-restore.sh'
done_all

echo 'All steps are done.'
