# shellcheck shell=bash
# The documentation's procedure by hand, without hwdr: what the hosts are measured by.

test_by_hand_restores_a_lost_cluster() {
  "$VM/by-hand" backup /root/by-hand
  lose_all
  refused "the cluster does not hold" "$VM/check" "$VM_RECORD"
  "$VM/by-hand" restore /root/by-hand
  # RonDB's backup has no views and no character sets of databases, and the documentation has no other backup of schemas: all else is there.
  refused ": 3 lines differ" "$VM/check" "$VM_RECORD"
  sql head1 -e "ALTER DATABASE metastore CHARACTER SET latin1"
  sed -n '/^CREATE VIEW/,/;$/p' "$VM/seed.sql" | sql head1 --default-character-set=utf8mb4
  "$VM/check" "$VM_RECORD"
}
