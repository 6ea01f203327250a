# shellcheck shell=bash
# MariaDB on RDS, restored on moto's server (crates/hwdr-rds/tests/moto.rs), which the tests start.

test_rds_is_restored() {
  local tools=$LAB/../scripts/tools
  "$tools" moto_server
  HWDR_MOTO_SERVER=$("$tools" --dir)/moto_server
  export HWDR_MOTO_SERVER AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab
  cd "$LAB/.."
  cargo test --locked --workspace --features hwdr-rds/lab --test moto
}
