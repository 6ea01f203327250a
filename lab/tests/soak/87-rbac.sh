# shellcheck shell=bash
# Every command with an account that has exactly the rights that "hwdr rbac" prints for it. The API server logs the account's requests
# (lab/servers.sh): none is refused, and all rights are used, except those that "hwdr rbac" says are used only at times. And without any
# single right that a restore needs, it does not begin.
# shellcheck source=lab/tests/60-new-cluster.sh
. "$LAB/tests/60-new-cluster.sh"

# How the chart that Helm applies is rendered.
rendered=(--is-upgrade -f "$RUN/notes/in-place.yaml")

made() { "$@" --dry-run=client -o yaml | kubectl apply -f -; }

# may COMMAND [least]: creates an account of the command's name with its rights; "least": without those that may be left out.
may() {
  local command=$1 file=$RUN/notes/rbac-$1.yaml account=$AUDITED:$1 place rules
  "$HELM" template hopsworks "${CHART[@]}" -n "$NS" "${rendered[@]}" | "$HWDR" rbac "$command" - -n "$NS" >"$file"
  made kubectl create namespace "$AUDITED"
  made kubectl -n "$AUDITED" create serviceaccount "$command"
  kubectl apply -f "$file"
  for place in $(rights "$file" | cut -f 1 | sort -u); do
    if [ "$place" = - ]; then
      made kubectl create clusterrolebinding "hwdr-$command" --clusterrole="hwdr-$command" --serviceaccount="$account"
    else
      made kubectl -n "$place" create rolebinding "hwdr-$command" --role="hwdr-$command" --serviceaccount="$account"
    fi
    rules=$(rights "$file" | awk -F'\t' -v place="$place" '$1 == place && $3 ~ /optional/ {print $2}' | sort -u | paste -sd ,)
    if [ "${2:-}" = least ] && [ -n "$rules" ]; then take_away "$command" "$place" "$rules"; fi
  done
  kubectl config view --raw >"$RUN/notes/$command.kubeconfig"
  KUBECONFIG=$RUN/notes/$command.kubeconfig kubectl config set-credentials "$command" \
    --token="$(kubectl -n "$AUDITED" create token "$command" --duration=12h)"
  KUBECONFIG=$RUN/notes/$command.kubeconfig kubectl config set-context --current --user="$command"
}

# take_away COMMAND PLACE RULES: removes rules of the Role in that namespace, or of the ClusterRole (-), by number: 3,7
take_away() {
  local role=(-n "$2" role "hwdr-$1")
  [ "$2" != - ] || role=(clusterrole "hwdr-$1")
  kubectl get "${role[@]}" -o json | jq "del(.rules[$3])" | kubectl replace -f -
}

# as ACCOUNT ARGUMENTS…: hwdr with that account. own COMMAND ARGUMENTS…: with the command's own.
as() { KUBECONFIG=$RUN/notes/$1.kubeconfig hwdr "${@:2}"; }
own() { as "$1" "$@"; }

# rights FILE: the output of "hwdr rbac", one line per verb: place (namespace, or - for the cluster), number of the rule in it, note,
# group, resource, verb. The note is chart, needed or optional, the latter two with ",when" if there is a condition.
rights() {
  awk '
    function list(text, words, n) {
      gsub(/^[^:]*: |[][" ]/, "", text)
      n = split(text, words, ",")
      if (n == 0) words[n = 1] = "core"
      return n
    }
    /^kind: / { place = "-"; rule = -1 }
    /^  namespace: / { place = $2; gsub(/"/, "", place) }
    /^  # / { said = said $0 }
    /^  - / { rule++; groups = resources = 0 }
    /^  (- |  )apiGroups: / { groups = list($0, group) }
    /^  (- |  )resources: / { resources = list($0, resource) }
    /^    verbs: / {
      note = said ~ /may be left out: / ? "optional" : "needed"
      if (said ~ /used only when /) note = note ",when"
      if (said ~ /Helm applies the chart, |the chart grants this/) note = "chart"
      verbs = list($0, verb)
      for (g = 1; g <= groups; g++) for (r = 1; r <= resources; r++) for (v = 1; v <= verbs; v++)
        print place "\t" rule "\t" note "\t" group[g] "\t" resource[r] "\t" verb[v]
      said = ""
    }' "$1"
}

# asked ACCOUNT: its requests to the API server: place, group, resource, verb, status. Without what everybody may do, and without undo's
# search of all namespaces, which itself says what it may not do. A wait lists first, 500 at a time, and watches only if it has to; Helm 4
# creates with a patch.
asked() {
  jq -r --arg account "system:serviceaccount:$AUDITED:$1" '
    select(.user.username == $account and .objectRef.resource and .objectRef.apiGroup != "authorization.k8s.io")
    | select((.verb == "list" and (.requestURI | test("velero.io(/|%2F)restore-name"))) | not)
    | .objectRef as $of
    | (.verb, if .verb == "list" and (.requestURI | test("[?&]limit=500(&|$)")) then "watch"
        elif .verb == "patch" and .responseStatus.code == 201 then "create" else empty end) as $verb
    | [$of.namespace // "-", $of.apiGroup // "core", ([$of.resource, $of.subresource // empty] | join("/")), $verb, .responseStatus.code]
    | @tsv' "$AUDIT_LOG" | sort -u
}

# compare RIGHTS ASKED [least]: prints the differences.
compare() {
  awk -F'\t' -v least="${3:-}" '
    function said(place, group, resource, verb) { return verb " " resource " (" group ") in " (place == "-" ? "the cluster" : place) }
    NR == FNR {
      key = $1 FS $4 FS $5 FS $6
      if (!(key in note) || note[key] == "chart") note[key] = $3
      next
    }
    {
      key = $1 FS $2 FS $3 FS $4
      if (!(key in note)) key = "-" FS $2 FS $3 FS $4
      may_lack = least && note[key] ~ /^optional/
      is_asked[key] = 1
      if (!(key in note) || note[key] == "") print ($5 == 403 ? "refused: " : "allowed, and not printed: ") said($1, $2, $3, $4)
      else if ($5 == 403 && !may_lack) print "refused, although printed: " said($1, $2, $3, $4)
    }
    END {
      for (key in note) {
        if (note[key] == "" || note[key] == "chart" || note[key] ~ /,when$/ || key in is_asked || least && note[key] ~ /^optional/) continue
        split(key, part, FS)
        print "never asked for: " said(part[1], part[2], part[3], part[4])
      }
    }' "$1" "$2" | sort
}

# is_exact COMMAND [least]: none of its account's requests was refused, and all its rights were used.
is_exact() {
  local asked=$RUN/notes/asked-$1.tsv differences
  asked "$1" >>"$asked"
  [ -s "$asked" ]
  rights "$RUN/notes/rbac-$1.yaml" >"$RUN/notes/rights-$1.tsv"
  differences=$(compare "$RUN/notes/rights-$1.tsv" "$asked" "${2:-}")
  [ -z "$differences" ] || { say "hwdr $1:" "$differences"; return 1; }
}

test_what_is_missing_and_what_is_too_much_is_found() {
  local AUDIT_LOG=$RUN/notes/made-up.log file=$RUN/notes/made-up
  request() { # request VERB CODE URI OBJECT [ACCOUNT]
    jq -cn --arg verb "$1" --argjson code "$2" --arg uri "$3" --argjson of "$4" --arg user "system:serviceaccount:$AUDITED:${5:-x}" \
      '{stage: "ResponseComplete", verb: $verb, requestURI: $uri, user: {username: $user}, objectRef: $of, responseStatus: {code: $code}}'
  }
  cat >"$file.yaml" <<'YAML'
# What helm hwdr x may have to do.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: hwdr-x
  namespace: "hopsworks"
rules:
  # one
  - apiGroups: [""]
    resources: ["secrets"]
    verbs: ["get","list","create"]
  # two
  # used only when it rains
  # may be left out: nothing is told
  - apiGroups: [""]
    resources: ["pods/log"]
    verbs: ["get"]
  # three
  # may be left out: nothing is told
  - apiGroups: [""]
    resources: ["events"]
    verbs: ["create"]
  # Helm applies the chart, and waits for its hooks
  - apiGroups: ["apps"]
    resources: ["deployments"]
    verbs: ["get"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: hwdr-x
rules:
  # four
  - apiGroups: [""]
    resources: ["persistentvolumes"]
    verbs: ["watch","patch"]
YAML
  rights "$file.yaml" >"$file.rights"
  diff "$file.rights" - <<'TSV'
hopsworks	0	needed	core	secrets	get
hopsworks	0	needed	core	secrets	list
hopsworks	0	needed	core	secrets	create
hopsworks	1	optional,when	core	pods/log	get
hopsworks	2	optional	core	events	create
hopsworks	3	chart	apps	deployments	get
-	0	needed	core	persistentvolumes	watch
-	0	needed	core	persistentvolumes	patch
TSV
  {
    request get 200 /api/v1/namespaces/hopsworks/secrets/a '{"resource": "secrets", "namespace": "hopsworks", "name": "a", "apiVersion": "v1"}'
    request list 200 '/api/v1/namespaces/hopsworks/secrets?labelSelector=a' '{"resource": "secrets", "namespace": "hopsworks"}'
    request patch 201 /api/v1/namespaces/hopsworks/secrets/b '{"resource": "secrets", "namespace": "hopsworks", "name": "b"}'
    request create 403 /api/v1/namespaces/hopsworks/events '{"resource": "events", "namespace": "hopsworks"}'
    request delete 403 /apis/batch/v1/namespaces/hopsworks/jobs/c '{"resource": "jobs", "namespace": "hopsworks", "name": "c", "apiGroup": "batch"}'
    request list 200 '/api/v1/persistentvolumes?&limit=500' '{"resource": "persistentvolumes"}'
    request list 403 '/api/v1/pods?&labelSelector=velero.io%2Frestore-name%3Dd' '{"resource": "pods"}'
    request create 201 /apis/authorization.k8s.io/v1/selfsubjectaccessreviews '{"resource": "selfsubjectaccessreviews", "apiGroup": "authorization.k8s.io"}'
    request get 200 /version null
    request delete 200 /api/v1/nodes/e '{"resource": "nodes", "name": "e"}' another
  } >"$AUDIT_LOG"
  asked x >"$file.asked"
  compare "$file.rights" "$file.asked" | diff - <(printf '%s\n' 'allowed, and not printed: list persistentvolumes (core) in the cluster' \
    'allowed, and not printed: patch secrets (core) in hopsworks' 'never asked for: patch persistentvolumes (core) in the cluster' \
    'refused, although printed: create events (core) in hopsworks' 'refused: delete jobs (batch) in hopsworks')
  compare "$file.rights" "$file.asked" least | grep -c . | grep -x 4
}

test_a_fresh_cluster_is_backed_up() {
  # shellcheck disable=SC2119 # No arguments: the chart as it is.
  fresh_cluster
}

test_without_any_single_right_a_restore_is_refused() {
  local all line place rule verbs
  in_place_values
  may upgrade
  own upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" --dry-run >/dev/null
  everything >"$RUN/notes/before.txt"
  # One line per rule: its verbs as the refusal names them.
  mapfile -t all < <(rights "$RUN/notes/rbac-upgrade.yaml" | awk -F'\t' '$3 ~ /^needed/ {
      if (key != $1 FS $2) { if (key) print key FS verbs; key = $1 FS $2; verbs = "" }
      verbs = verbs (verbs ? ", " : "") $6 " " $5
    } END { print key FS verbs }')
  ((${#all[@]} > 30))
  for line in "${all[@]}"; do
    IFS=$'\t' read -r place rule verbs <<<"$line"
    say "without $verbs in $place"
    take_away upgrade "$place" "$rule"
    refuses "you may not: $verbs( |$)" own upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" --dry-run
    kubectl apply -f "$RUN/notes/rbac-upgrade.yaml"
  done
  everything >"$RUN/notes/after.txt"
  diff "$RUN/notes/before.txt" "$RUN/notes/after.txt"
}

test_a_restore_in_place_and_its_undo_need_all_of_their_rights_and_no_other() {
  local pid
  in_place_values
  may upgrade
  may watch
  own upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" --yes \
    --expect-cluster "$(kubectl get namespace kube-system -o jsonpath='{.metadata.uid}')" &
  pid=$!
  wait_for 120 "the run" - phase_is running
  own watch hopsworks
  wait $pid
  is_the_backup
  is_exact upgrade
  is_exact watch

  may history
  own history hopsworks
  is_exact history

  may backups
  own backups list -o name | grep .
  is_exact backups
  may backups-create
  as backups-create backups create --wait --yes
  is_exact backups-create
  may backups-keep
  as backups-keep backups keep latest --yes
  as backups-keep backups unkeep latest --yes
  is_exact backups-keep
  may verify
  AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY AWS_REGION=$S3_REGION as verify backups verify latest \
    --bucket "$HOPSFS_BUCKET" --endpoint "$S3_ENDPOINT" --path-style -o json | jq -e '.verdict'
  is_exact verify
  may status
  # Its exit code is that of the backups.
  own status -o json >"$RUN/notes/status.json" || true
  jq -e '.services | length == 5' "$RUN/notes/status.json"
  is_exact status
  may monitor
  # It ends by the signal.
  KUBECONFIG=$RUN/notes/monitor.kubeconfig timeout 20 "$HWDR" monitor -n "$NS" --listen 127.0.0.1:0 || [ $? = 124 ]
  is_exact monitor
  refuses 'forbidden' as history undo hopsworks --yes

  may undo
  own undo hopsworks --yes 2>&1 | tee "$RUN/notes/undo.txt"
  # It may not search all namespaces, and says so: what Velero created stays.
  tr -s ' \n' ' ' <"$RUN/notes/undo.txt" | grep 'could not look for objects that .* created among: '
  LAB_RECORD=$RUN/notes/second.record data_are_the_backups
  is_exact undo
}

# finalize and rerun get only the rights that may not be left out.
test_what_follows_a_restore_needs_all_of_its_rights_and_no_other() {
  local arguments
  in_place_values
  mapfile -t arguments < <(upgrade_arguments)
  cut_off 6 "${arguments[@]}"
  may resume
  mapfile -t arguments < <(resume_arguments)
  own "${arguments[@]}"
  is_the_backup

  may finalize least
  cp "$RUN/notes/in-place.yaml" "$RUN/notes/final.yaml"
  own finalize hopsworks "${CHART[@]}" -f "$RUN/notes/final.yaml" --yes
  is_exact finalize least

  may rerun least
  own rerun hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" --yes
  is_the_backup
  is_exact rerun least

  cut_off 5 undo hopsworks --yes
  own resume hopsworks
  phase_is undone
  data_are_the_backups
  # It also resumes an installation (below), and the new cluster has no log of this.
  asked resume >"$RUN/notes/asked-resume.tsv"
}

# mistyped_location: one of hwdr's with a bucket that does not exist: Velero has never read it.
mistyped_location() {
  kubectl apply -f - <<YAML
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: hopsworks-bsl, namespace: velero, labels: {app.kubernetes.io/managed-by: hwdr}}
spec:
  provider: aws
  config: {region: $S3_REGION, s3Url: "$S3_ENDPOINT", s3ForcePathStyle: "true"}
  credential: {name: hopsworks-bsl-credentials, key: cloud}
  objectStorage: {bucket: mistyped, prefix: k8s_backup}
YAML
}

test_a_restore_into_a_new_cluster_needs_all_of_its_rights_and_no_other() {
  export IN_PLACE_HELM=4
  local arguments rendered=(-f "$RUN/notes/restore.yaml")
  local location=(bsl apply --bucket "$HOPSFS_BUCKET" --region "$S3_REGION" --endpoint "$S3_ENDPOINT" --path-style --credentials-env)
  "$LAB/up" --new-cluster
  prepare_installation

  may bsl
  mistyped_location
  own "${location[@]}"
  kubectl -n velero delete backupstoragelocation hopsworks-bsl
  own "${location[@]}"
  is_exact bsl

  may objects
  own objects restore -f "$RUN/notes/restore.yaml" --yes
  is_exact objects

  # An installation that begins, continues through helm, and starts over as hwdr's message about an open run says.
  kubectl -n velero delete backupstoragelocation/hopsworks-bsl secret/hopsworks-bsl-credentials
  cut_off 3 install "${arguments[@]}" --yes
  kubectl -n velero delete --ignore-not-found backupstoragelocation/hopsworks-bsl secret/hopsworks-bsl-credentials
  may resume
  cut_off 8 resume "${arguments[@]}" --kubeconfig "$RUN/notes/resume.kubeconfig"
  is_exact resume
  "$(helm_of 4)" -n "$NS" uninstall hopsworks --wait
  kubectl -n "$NS" delete persistentvolumeclaims --all
  may install
  own install "${arguments[@]}" --yes
  "$LAB/check" "$LAB_RECORD"
  is_exact install
}
