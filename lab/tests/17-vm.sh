# shellcheck shell=bash
# hwdr vm on hosts without Kubernetes: a sample of lab/vm-test, which brings up hosts of its own. All of it is in soak/67-vm.sh.

test_vm_backup_is_restored_into_a_new_cluster() {
  "$LAB/vm-test" restored_into_a_new_cluster
}
