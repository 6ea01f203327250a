# shellcheck shell=bash
# What hwdr monitor gives to Prometheus, as promtool reads it. A real Prometheus, and each of its alerts, is in soak/36-alerts.sh.
hwdr() { HELM_NAMESPACE=$NS timeout 60 "$HWDR" "$@"; }

test_prometheus_takes_metrics_and_rules() {
  debian prometheus
  hwdr status -o prometheus | promtool check metrics
  promtool check rules --lint=all --lint-fatal "$LAB/../src/cli/monitor/alerts.yaml"
  promtool test rules "$LAB/../testdata/monitor/alerts.test.yaml"
}
