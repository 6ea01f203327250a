# shellcheck shell=bash
# Every command as an account that has the rights which "hwdr rbac" prints for it, and no others; and without each single one of those without which
# a restore refuses to begin.
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

OPERATOR=hwdr-operator

test_a_fresh_cluster_is_backed_up() {
  # shellcheck disable=SC2119 # No arguments: the chart as it is.
  fresh_cluster
}

# chart_stream: what Helm applies: the release as it runs, and as it will be.
chart_stream() {
  "$HELM" get manifest hopsworks -n "$NS"
  "$HELM" get hooks hopsworks -n "$NS"
  "$HELM" template hopsworks "${CHART[@]}" -n "$NS" --is-upgrade -f "$RUN/notes/in-place.yaml" --set global._hopsworks.restoreFromBackup=null
}

# may COMMAND: the account has the rights of the command, and no others. Roles are replaced, so that nothing is left of those before.
may() {
  local command=$1 kind namespace name
  chart_stream >"$RUN/notes/chart.yaml"
  "$HWDR" rbac "$command" "$RUN/notes/chart.yaml" -n "$NS" >"$RUN/notes/rbac.yaml"
  kubectl create serviceaccount "$OPERATOR" -n default --dry-run=client -o yaml | kubectl apply -f -
  kubectl apply -f "$RUN/notes/rbac.yaml"
  while read -r kind namespace name; do
    if [ "$kind" = Role ]; then
      kubectl create rolebinding "$OPERATOR" -n "$namespace" --role="$name" --serviceaccount="default:$OPERATOR"
    else
      kubectl create clusterrolebinding "$OPERATOR" --clusterrole="$name" --serviceaccount="default:$OPERATOR"
    fi
  done < <(kubectl get -f "$RUN/notes/rbac.yaml" -o json | jq -r '(.items // [.])[] | [.kind, .metadata.namespace // "-", .metadata.name] | @tsv')
  kubectl config view --raw >"$RUN/notes/operator.kubeconfig"
  KUBECONFIG=$RUN/notes/operator.kubeconfig kubectl config set-credentials "$OPERATOR" \
    --token="$(kubectl -n default create token "$OPERATOR" --duration=12h)"
  KUBECONFIG=$RUN/notes/operator.kubeconfig kubectl config set-context --current --user="$OPERATOR"
}

# may_nothing: takes it back.
may_nothing() {
  local binding
  kubectl get rolebindings -A -o json | jq -r --arg name "$OPERATOR" '.items[] | select(.metadata.name == $name) | .metadata.namespace' |
    while read -r binding; do kubectl delete rolebinding "$OPERATOR" -n "$binding"; done
  kubectl delete clusterrolebinding "$OPERATOR" --ignore-not-found
  kubectl delete -f "$RUN/notes/rbac.yaml" --ignore-not-found
}

# as_operator COMMAND ARGUMENTS…: hwdr as that account.
as_operator() { KUBECONFIG=$RUN/notes/operator.kubeconfig hwdr "$@"; }

# The printed rules, each as "KIND NAMESPACE INDEX NEEDED GROUP RESOURCE VERB"; NEEDED is no where the comment says that it may be left out. JSON has
# no comments, so that is read from the text: both are in the same order.
rules() {
  paste <(kubectl create -f "$RUN/notes/rbac.yaml" --dry-run=client -o json | jq -s -r '
      [.[] | if .kind == "List" then .items[] else . end][] | . as $role | .rules | to_entries[]
      | [$role.kind, $role.metadata.namespace // "-", .key, .value.apiGroups[0], .value.resources[0], .value.verbs[0]] | map(. | tostring | if . == "" then "core" else . end) | @tsv') \
    <(awk '/^  # /{c = c $0} /^  - /{print (c ~ /may be left out/ ? "no" : c ~ /Helm applies the chart|gives this away/ ? "chart" : "yes"); c = ""}' "$RUN/notes/rbac.yaml")
}

test_without_any_single_right_a_restore_is_refused() {
  local line all kind namespace index group resource verb needed
  in_place_values
  may upgrade
  everything >"$RUN/notes/before.txt"
  as_operator upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" --dry-run >/dev/null
  mapfile -t all < <(rules)
  for line in "${all[@]}"; do
    IFS=$'\t' read -r kind namespace index group resource verb needed <<<"$line"
    [ "$needed" = yes ] || continue
    [ "$namespace" != - ] || namespace=
    kubectl get "$kind" hwdr-upgrade ${namespace:+-n "$namespace"} -o json >"$RUN/notes/role.json"
    jq --argjson index "$index" 'del(.rules[$index])' "$RUN/notes/role.json" | kubectl replace -f -
    say "without $verb $resource ($group) in ${namespace:-the cluster}"
    refuses "you may not: .*$verb $resource" as_operator upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" --dry-run
    jq 'del(.metadata.resourceVersion)' "$RUN/notes/role.json" | kubectl replace -f -
  done
  # An error above would leave nothing to look at.
  ((${#all[@]} > 40))
  everything >"$RUN/notes/after.txt"
  diff "$RUN/notes/before.txt" "$RUN/notes/after.txt"
  may_nothing
}

test_each_command_does_with_its_own_rights() {
  in_place_values
  may upgrade
  as_operator upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" --yes
  may_nothing
  is_the_backup

  may history
  as_operator history hopsworks
  fails_with 'orbidden|may not|cannot' as_operator undo hopsworks --yes
  may_nothing

  may watch
  as_operator watch hopsworks
  may_nothing

  may undo
  as_operator undo hopsworks --yes
  may_nothing
  "$LAB/check" "$RUN/notes/second.record"
}

test_a_run_is_resumed_and_made_final_with_their_own_rights() {
  in_place_values
  mapfile -t arguments < <(upgrade_arguments)
  cut_off 6 "${arguments[@]}"
  may resume
  mapfile -t arguments < <(resume_arguments)
  as_operator "${arguments[@]}"
  may_nothing
  is_the_backup
  cp "$RUN/notes/in-place.yaml" "$RUN/notes/final.yaml"
  may finalize
  as_operator finalize hopsworks "${CHART[@]}" -f "$RUN/notes/final.yaml" --yes
  may_nothing
}
