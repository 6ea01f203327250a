# shellcheck shell=bash
# The documentation's procedure by hand, without hwdr: what the hosts are measured by.

test_by_hand_restores_a_lost_cluster() {
  "$VM/by-hand" backup /root/by-hand
  lose_all
  refused "the cluster does not hold" "$VM/check" "$VM_RECORD"
  "$VM/by-hand" restore /root/by-hand
  "$VM/check" "$VM_RECORD"
}
