# shellcheck shell=bash
# All tests of hwdr vm (lab/vm-test).

test_vm_whole() {
  "$LAB/vm-test" --whole
}
