# shellcheck shell=bash
# hwdr vm: a sample of its tests, on hosts of their own (lab/vm), without the cluster. All of them are in soak/67-vm.sh.

test_vm_restores_a_lost_cluster() {
  "$LAB/vm-test" backup_is_restored_into_a_new_cluster
}
