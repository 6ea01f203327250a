{{/* Shared by all subcharts: named templates are global in a release. */}}

{{/* ---- generation, mode, restore: a true answer is "true", a false one is empty ---- */}}

{{- define "hw.isInstall" -}}
{{- $mode := .Values.global._hopsworks.mode | default "auto" -}}
{{- if or (eq $mode "install") (and (eq $mode "auto") .Release.IsInstall) -}}true{{- end -}}
{{- end -}}

{{- define "hw.canLookup" -}}
{{- if eq (.Values.global._hopsworks.mode | default "auto") "auto" -}}true{{- end -}}
{{- end -}}

{{- define "hw.isNative" -}}
{{- if has .Values.global._hopsworks.testGeneration (list "native" "native-inplace") -}}true{{- end -}}
{{- end -}}

{{/* The global backup id. Printed as Go prints it: an unquoted id has become a float. */}}
{{- define "hw.backupId" -}}
{{- if include "hw.isNative" . -}}
{{- with .Values.global._hopsworks.restoreFromBackup.backupId -}}{{ . }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hw.isInPlace" -}}
{{- if and (eq .Values.global._hopsworks.testGeneration "native-inplace") (include "hw.backupId" .) .Values.global._hopsworks.restoreFromBackup.inPlace -}}true{{- end -}}
{{- end -}}

{{/* A name that, in place only, ends in the id: dict "root" "name" "id". */}}
{{- define "hw.markerName" -}}
{{- .name -}}{{- if include "hw.isInPlace" .root -}}-{{ .id }}{{- end -}}
{{- end -}}

{{- define "hw.jobTtl" -}}
{{- $own := (.Values.jobs | default dict).ttlSecondsAfterFinished -}}
{{- $own | default .Values.global._hopsworks.jobs.ttlSecondsAfterFinished | int -}}
{{- end -}}

{{/* ---- object storage, backups ---- */}}

{{/* Bucket, endpoint and credentials as JSON; an empty object where no storage is on. */}}
{{- define "hw.s3" -}}
{{- $g := .Values.global._hopsworks -}}
{{- if $g.managedObjectStorage.enabled -}}
{{- $s := $g.managedObjectStorage.s3 -}}
{{- dict "bucket" $s.bucket.name "region" $s.region "endpoint" $s.endpoint "secret" $s.secret "sse" $s.serverSideEncryption | toJson -}}
{{- else if and $g.minio.enabled $g.minio.hopsfs.enabled -}}
{{- dict "bucket" $g.minio.hopsfs.bucket "region" $g.minio.region "endpoint" $g.minio.endpoint "secret" $g.minio.secret "user" $g.minio.user "password" $g.minio.password "sse" nil | toJson -}}
{{- else -}}{}{{- end -}}
{{- end -}}

{{- define "hw.backupsEnabled" -}}
{{- if and .Values.global._hopsworks.backups.enabled (ne (include "hw.s3" .) "{}") -}}true{{- end -}}
{{- end -}}

{{- define "hw.s3Env" -}}
{{- $s3 := include "hw.s3" . | fromJson -}}
{{- if $s3.password -}}
- name: AWS_ACCESS_KEY_ID
  value: {{ $s3.user | quote }}
- name: AWS_SECRET_ACCESS_KEY
  value: {{ $s3.password | quote }}
{{- else }}
{{- with $s3.secret -}}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .access_key_id }}
      optional: true # none where a role of the node grants access
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .secret_key_id }}
      optional: true
{{- end }}
{{- end }}
- name: S3_BUCKET
  value: {{ $s3.bucket | default "" | quote }}
- name: S3_REGION
  value: {{ $s3.region | default "" | quote }}
- name: S3_ENDPOINT
  value: {{ $s3.endpoint | default "" | quote }}
{{- end -}}

{{/* Who reads and writes backup metadata: needed by record_backup.sh. dict "root" "service" "configMap". */}}
{{- define "hw.metadataEnv" -}}
- name: METADATA_CONFIGMAP
  value: {{ .configMap }}
- name: METADATA_SERVICE
  value: {{ .service }}
- name: METADATA_MAX_KEYS
  value: {{ int .root.Values.global._hopsworks.backups.metadataStore.maxKeys | quote }}
- name: METADATA_MAX_BYTES
  value: {{ int .root.Values.global._hopsworks.backups.metadataStore.maxBytes | quote }}
- name: BACKUP_TTL
  value: {{ .root.Values.global._hopsworks.backups.ttl | default "" | quote }}
{{- end -}}

{{/* ---- pods ---- */}}

{{/* dict "root" "image" */}}
{{- define "hw.image" -}}
{{ .root.Values.global._hopsworks.imageRegistry }}/{{ .image }}
{{- end -}}

{{- define "hw.toolbox" -}}
image: {{ include "hw.image" (dict "root" . "image" .Values.global._hopsworks.toolbox.image) }}
imagePullPolicy: {{ .Values.global._hopsworks.imagePullPolicy }}
{{ include "hw.containerSecurity" . }}
{{- end -}}

{{- define "hw.containerSecurity" -}}
{{- if .Values.global._hopsworks.securityContext.enabled -}}
securityContext:
  allowPrivilegeEscalation: false
  capabilities:
    drop: ["ALL"]
  runAsNonRoot: true
  seccompProfile: {type: RuntimeDefault}
{{- end -}}
{{- end -}}

{{/* dict "root" "at": at holds nodeSelector and tolerations. "early" is for hooks that run before the priority class exists. */}}
{{- define "hw.podSettings" -}}
{{- include "hw.podSettingsLines" . | trim -}}
{{- end -}}
{{- define "hw.podSettingsLines" -}}
{{- $g := .root.Values.global._hopsworks -}}
{{- with $g.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $g.securityContext.enabled }}
securityContext:
  runAsUser: {{ int $g.securityContext.runAsUser }}
  runAsGroup: {{ int $g.securityContext.runAsUser }}
  fsGroup: {{ int $g.securityContext.fsGroup }}
{{- end }}
{{- with and (not .early) $g.priorityClass }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .at.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .at.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* dict "root" "volume": an init container that gives a volume to the pod's user. */}}
{{- define "hw.volumePermissions" -}}
{{- include "hw.volumePermissionsLines" . | trim -}}
{{- end -}}
{{- define "hw.volumePermissionsLines" -}}
{{- $g := .root.Values.global._hopsworks -}}
{{- if $g.volumePermissions.enabled }}
- name: volume-permissions
  image: {{ include "hw.image" (dict "root" .root "image" $g.toolbox.image) }}
  imagePullPolicy: {{ $g.imagePullPolicy }}
  securityContext: {runAsUser: 0, runAsNonRoot: false}
  command: ["/bin/sh", "-c", "chown {{ int $g.securityContext.runAsUser }}:{{ int $g.securityContext.fsGroup }} /volume"]
  resources: {limits: {cpu: 100m, memory: 32Mi}}
  volumeMounts:
    - {name: {{ .volume }}, mountPath: /volume}
{{- end }}
{{- end -}}

{{/* A claim template. dict "root" "name" "size" "class". */}}
{{- define "hw.claim" -}}
- metadata:
    name: {{ .name }}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .class | default .root.Values.global._hopsworks.storageClassName }}
    storageClassName: {{ . | quote }}
    {{- end }}
    resources:
      requests:
        storage: {{ .size }}
{{- end -}}

{{/* A password that stays. dict "root" "secret" "key"; comes out in base64. */}}
{{- define "hw.password" -}}
{{- $root := .root -}}
{{- $old := dict -}}
{{- if include "hw.canLookup" $root -}}
{{- $old = lookup "v1" "Secret" $root.Release.Namespace .secret | default dict -}}
{{- end -}}
{{- with dig "data" .key "" $old -}}
{{- . -}}
{{- else -}}
{{- if eq $root.Values.global._hopsworks.testPasswords "random" -}}
{{- randAlphaNum 20 | b64enc -}}
{{- else -}}
{{- printf "%s/%s/%s" $root.Release.Name .secret .key | sha256sum | trunc 20 | b64enc -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names of RonDB that other subcharts need too. */}}
{{- define "hw.mysqldHost" -}}
mysqld.{{ .Release.Namespace }}.svc.cluster.local
{{- end -}}
{{- define "hw.mgmdHost" -}}
mgmds-0.headless-mgmds.{{ .Release.Namespace }}.svc.cluster.local
{{- end -}}

{{/* Scripts that more than one subchart mounts. */}}
{{- define "hw.waitJobScript" -}}
#!/bin/bash
# wait_job.sh <job> <minutes>: until the Job is done; not a failed one for ever.
set -euo pipefail
deadline=$((SECONDS + $2 * 60))
while [ "$SECONDS" -lt "$deadline" ]; do
  done_as=$(kubectl -n "$NAMESPACE" get job "$1" \
    -o jsonpath='{range .status.conditions[?(@.status=="True")]}{.type} {end}' 2>/dev/null || true)
  case "$done_as" in
    *Complete*) echo "Job $1 is complete"; exit 0 ;;
    *Failed*) echo "Job $1 has failed" >&2; exit 1 ;;
  esac
  sleep 3
done
echo "Job $1 was not complete after $2 minutes" >&2
exit 1
{{- end -}}

{{- define "hw.recordBackupScript" -}}
#!/bin/bash
# record_backup.sh <id> <start in ms> <path> [<state>]: one entry of the backup
# metadata, with rotation once the active ConfigMap is full.
set -euo pipefail
labels="app=backups-metadata,service=$METADATA_SERVICE,managed-by=cronjob"
kube() { kubectl -n "$NAMESPACE" "$@"; }
stamp() { date -u -d "@$(($1 / 1000))" +"%Y-%m-%dT%H:%M:%S.$(printf %03d $(($1 % 1000)))Z"; }

make_active() {
  kube get configmap "$1" >/dev/null 2>&1 || kube create configmap "$1"
  # shellcheck disable=SC2086
  kube label configmap "$1" --overwrite ${labels//,/ } active=active
}

active=$(kube get configmap -l "$labels,active=active" -o jsonpath='{.items[0].metadata.name}' 2>/dev/null || true)
if [ -z "$active" ]; then
  active=$METADATA_CONFIGMAP
  make_active "$active"
fi
keys=$(kube get configmap "$active" -o json | jq '.data // {} | length')
bytes=$(kube get configmap "$active" -o json | wc -c)
if [ "$keys" -ge "$METADATA_MAX_KEYS" ] || [ "$bytes" -ge "$METADATA_MAX_BYTES" ]; then
  number=${active#"$METADATA_CONFIGMAP"}
  next="$METADATA_CONFIGMAP-$((${number#-} + 1))"
  make_active "$next"
  kube label configmap "$active" active-
  active=$next
fi

end=$(date +%s%3N)
entry=$(jq -cn --arg state "${4:-SUCCESS}" --arg start "$(stamp "$2")" --arg finish "$(stamp "$end")" \
  --argjson ms "$((end - $2))" --arg path "$3" \
  '{start_time: $start, end_time: $finish, duration_ms: $ms, state: $state, path: $path}')
kube patch configmap "$active" --type merge \
  -p "$(jq -cn --arg id "$1" --arg entry "$entry" '{data: {($id): $entry}}')"
echo "--- recorded $1 in $active"
{{- end -}}
