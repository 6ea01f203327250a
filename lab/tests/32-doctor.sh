# shellcheck shell=bash
# What "hwdr doctor" says of the lab, and of one thing after the other that is broken. Each test puts back what it has changed.
id_of() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }

# doctor [ARGUMENTS…]: into notes/doctor.json; the exit code is the worst line's.
doctor() {
  AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY AWS_REGION=$S3_REGION \
    HELM_BIN=$HELM HELM_NAMESPACE=$NS timeout 120 "$HWDR" doctor hopsworks -o json "$@" >"$RUN/notes/doctor.json"
}

# says LEVEL CHECK WORDS [ARGUMENTS…]: doctor has such a line.
says() {
  doctor "${@:4}" || true
  jq -r '.sections[].lines[] | "\(.level) \(.check): \(.what)"' "$RUN/notes/doctor.json" | tee "$RUN/notes/doctor.txt"
  grep -E -- "^$1 $2: .*$3" "$RUN/notes/doctor.txt"
}

# everything: all objects that doctor may not touch, with their contents.
everything() {
  kubectl get statefulsets,deployments,jobs,cronjobs,configmaps,secrets,pvc,pv,schedules.velero.io,restores.velero.io -A -o json |
    jq -r '.items[] | select(.metadata.name | test("^velero-repo") | not) | [.kind, .metadata.namespace, .metadata.name, (.spec // .data | tostring)] | @tsv' | sort
}

test_doctor_of_a_cluster_that_is_well() {
  everything >"$RUN/notes/before.txt"
  says ok kubernetes 'Kubernetes v1'
  for check in cluster clock permissions helm release velero-crds velero velero-plugin storage-location velero-restores backups \
    bucket bucket-from-pods bucket-by-velero images runs old-volumes; do
    grep "^ok $check: " "$RUN/notes/doctor.txt"
  done
  ! grep -E '^(problem|unknown) ' "$RUN/notes/doctor.txt" || false
  everything | diff "$RUN/notes/before.txt" -
}

# The same, with the chart: the restore of the newest backup is rendered and planned, and the run's own checks are made.
test_doctor_plans_the_restore_of_the_newest_backup() {
  says ok plan "backup $(id_of rondb) is known, and its restore can be planned" "${CHART[@]}"
  grep -c '^ok preflight: ' "$RUN/notes/doctor.txt" | grep -x 6
  says ok backup-from-pod "a Job could read backup $(id_of rondb)" "${CHART[@]}" --in-cluster --yes
  if kubectl -n "$NS" get jobs -o name | grep -q hwdr-preflight; then return 1; fi
}

test_doctor_names_one_thing_after_the_other() {
  local policy volume
  says problem cluster 'not elsewhere' --expect-cluster elsewhere

  # What is safe is mended: a paused Schedule, and volumes that would go with their claims.
  kubectl -n velero patch schedule k8s-backups-main --type merge -p '{"spec": {"paused": true}}'
  says problem backups 'Schedule/k8s-backups-main is suspended'
  grep '^warning reclaim-policy: .*volumes of data go with their claims' "$RUN/notes/doctor.txt"
  doctor --fix --yes || true
  [ "$(kubectl -n velero get schedule k8s-backups-main -o jsonpath='{.spec.paused}')" = false ]
  says ok reclaim-policy 'all 4 volumes of data outlive their claims'
  for volume in $(kubectl -n "$NS" get pvc -o jsonpath='{.items[*].spec.volumeName}'); do
    kubectl patch pv "$volume" -p '{"spec": {"persistentVolumeReclaimPolicy": "Delete"}}'
  done

  # The host's kube-proxy enforces none, so nothing is cut off meanwhile. Others of the same pods would allow it: policies add up.
  policy=$RUN/notes/policy.json
  kubectl -n "$NS" get networkpolicy restrict-mgmd-access -o json | jq 'del(.metadata.resourceVersion)' >"$policy"
  jq '.spec.ingress = [{"from": [{"podSelector": {"matchLabels": {"rondbService": "mysqld"}}}]}]' "$policy" | kubectl replace -f -
  says problem network-policies 'NetworkPolicy/restrict-mgmd-access lets no pod .*rondbService=restore-backup reach StatefulSet/mgmds'
  kubectl replace -f "$policy"

  kubectl -n "$NS" create configmap superset-restore-audit --from-literal=inProgress=now
  says warning backups 'Superset: .*inProgress in ConfigMap/superset-restore-audit: now'
  kubectl -n "$NS" delete configmap superset-restore-audit

  kubectl -n "$NS" patch statefulset node-group-0 -p '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}}'
  says warning rollout-partition 'StatefulSet/node-group-0 keeps its pods below number 2'
  kubectl -n "$NS" patch statefulset node-group-0 -p '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}'

  mkdir -p "$RUN/notes/plugins/new"
  echo 'apiVersion: v1' >"$RUN/notes/plugins/new/plugin.yaml"
  HELM_PLUGINS=$RUN/notes/plugins says problem helm-plugins "beside which Helm 3 fails"
  rm -r "$RUN/notes/plugins"
}

test_doctor_without_velero() {
  kubectl -n velero scale deployment velero --replicas 0
  wait_for 60 "Velero's end" - bash -c "! kubectl -n velero get pods -o name | grep -q pod/velero-"
  says problem velero "Velero's Deployment velero has no ready pod"
  kubectl -n velero scale deployment velero --replicas 1
  kubectl -n velero rollout status deployment velero --timeout=120s
}

# With the docs' Role and nothing else it is refused nothing; without any right it says so, and makes half a bundle.
test_doctor_with_its_own_rights_and_with_none() {
  local kubeconfig=$RUN/notes/doctor.kubeconfig place verbs
  kubectl create namespace doctors
  for account in reader nobody; do kubectl -n doctors create serviceaccount $account; done
  HELM_NAMESPACE=$NS "$HWDR" rbac doctor -n "$NS" | kubectl apply -f -
  for place in "$NS" velero; do
    # A Role that only reads.
    kubectl -n "$place" get role hwdr-doctor -o json |
      jq '.rules |= (map(.verbs -= ["create", "update", "patch", "delete"]) | map(select(.verbs != [])))' | kubectl replace -f -
    kubectl -n "$place" create rolebinding hwdr-doctor --role=hwdr-doctor --serviceaccount=doctors:reader
  done
  kubectl get clusterrole hwdr-doctor -o json |
    jq '.rules |= (map(.verbs -= ["create", "update", "patch", "delete"]) | map(select(.verbs != [])))' | kubectl replace -f -
  kubectl create clusterrolebinding hwdr-doctor --clusterrole=hwdr-doctor --serviceaccount=doctors:reader
  verbs=$(kubectl get role,clusterrole -A -o json | jq -r '.items[] | select(.metadata.name == "hwdr-doctor") | .rules[].verbs[]' | sort -u | paste -sd ,)
  [ "$verbs" = get,list,watch ]

  as() { # as ACCOUNT ARGUMENTS…
    kubectl config view --raw >"$kubeconfig"
    KUBECONFIG=$kubeconfig kubectl config set-credentials "$1" --token="$(kubectl -n doctors create token "$1")"
    KUBECONFIG=$kubeconfig kubectl config set-context --current --user="$1"
    KUBECONFIG=$kubeconfig says "${@:2}"
  }
  as reader problem permissions 'upgrade: in namespace hopsworks you may not: '
  ! grep -E 'forbidden' "$RUN/notes/doctor.txt" || false
  as nobody unknown velero-restores 'is forbidden'
  rm -f "$RUN/notes/half.tar.gz"
  as nobody unknown images 'is forbidden' --bundle "$RUN/notes/half.tar.gz"
  tar -xzOf "$RUN/notes/half.tar.gz" hwdr-bundle/README.txt | grep 'hopsworks/pods.json: list pods: '
  kubectl delete namespace doctors --wait=false
  for place in "$NS" velero; do kubectl -n "$place" delete role/hwdr-doctor rolebinding/hwdr-doctor; done
  kubectl delete clusterrole/hwdr-doctor clusterrolebinding/hwdr-doctor
}

# A credential that a pod says in its log, and one that is in plain sight, are in no file of a bundle.
test_a_bundle_has_no_credential() {
  local bundle=$RUN/notes/bundle.tar.gz out=$RUN/notes/bundle
  kubectl -n "$NS" run tells --image="$IMAGE_HWUTILS" --restart=Never --env=DB_PASSWORD=planted-in-the-env -- \
    bash -c "echo the key is $S3_SECRET_KEY; echo token=planted-in-the-log; exit 3"
  wait_for 60 "the pod's end" - bash -c "kubectl -n $NS get pod tells -o jsonpath='{.status.phase}' | grep -x Failed"
  rm -rf "$bundle" "$out"
  doctor --bundle "$bundle" || true
  [ "$(stat -c %a "$bundle")" = 600 ]
  mkdir "$out"
  tar -C "$out" -xzf "$bundle"
  ! grep -rE "$S3_SECRET_KEY|planted-in-the" "$out" || false
  grep -F 'the key is ***' "$out/hwdr-bundle/$NS/logs/tells.tells.txt"
  # The password of every Secret, in clear or in base64, is nowhere.
  kubectl -n "$NS" get secrets -o json | jq -r '.items[] | select(.type == "Opaque") | .data[]? | ., (@base64d)' |
    grep -E '^.{16,}$' | grep -E '[0-9A-Z]' | sort -u >"$RUN/notes/secrets.txt"
  [ -s "$RUN/notes/secrets.txt" ]
  ! grep -rFf "$RUN/notes/secrets.txt" "$out" || false
  rm -f "$RUN/notes/secrets.txt"
  for file in doctor.json status.json README.txt "$NS/pods.json" velero/backups.json; do [ -s "$out/hwdr-bundle/$file" ]; done
  kubectl -n "$NS" delete pod tells --wait=false
}
