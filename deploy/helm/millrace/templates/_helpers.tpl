{{- define "millrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "millrace.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "millrace.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "millrace.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "millrace.selector" -}}
app.kubernetes.io/name: {{ include "millrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "millrace.labels" -}}
{{ include "millrace.selector" . }}
app.kubernetes.io/component: platform
app.kubernetes.io/part-of: millrace
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{- define "millrace.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "millrace.fullname" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "millrace.tokenSecret" -}}
{{- default (printf "%s-tokens" (include "millrace.fullname" .)) .Values.tokenSecret.existingSecret }}
{{- end }}

{{- /* The memory limit in bytes. */ -}}
{{- define "millrace.memoryLimit" -}}
{{- $limit := toString .Values.resources.limits.memory }}
{{- $n := regexFind "^[0-9]+" $limit | int64 }}
{{- $unit := regexFind "[A-Za-z]*$" $limit }}
{{- $factor := get (dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824) $unit }}
{{- if or (not (regexMatch "^[0-9]+(k|M|G|Ki|Mi|Gi)?$" $limit)) (not $factor) }}
{{- fail (printf "resources.limits.memory: %q: write whole Mi or Gi" $limit) }}
{{- end }}
{{- mul $n $factor }}
{{- end }}

{{- /* share N of the memory limit in MiB: dict "root" . "percent" N */ -}}
{{- define "millrace.share" -}}
{{- div (mul (include "millrace.memoryLimit" .root | int64) .percent) 104857600 }}
{{- end }}

{{- /* The configuration file: what the values say, and config over it. */ -}}
{{- define "millrace.config" -}}
{{- $v := .Values }}
{{- $tokens := list }}
{{- range $v.tokens }}
{{- $tokens = append $tokens (dict "name" .name "role" .role "token_file" (printf "/etc/millrace/tokens/%s" .name)) }}
{{- end }}
{{- $c := dict
  "tokens" $tokens
  "demo" "off"
  "log" (dict "format" "json")
  "kafka" (dict "bootstrap" $v.kafka.bootstrap "partitions" $v.kafka.partitions)
  "bucket" (dict "url" $v.bucket.url "after" $v.bucket.after "cache" $v.bucket.cache "snapshots" $v.bucket.snapshots)
  "store" (dict "query_cache" (printf "%s mb" (include "millrace.share" (dict "root" . "percent" $v.memory.cache))))
  "sql" (dict "memory" (printf "%s mb" (include "millrace.share" (dict "root" . "percent" $v.memory.sql))) "threads" $v.threads)
}}
{{- if $v.influxdb.url }}
{{- $_ := set $c "influxdb" (dict "url" $v.influxdb.url "org" $v.influxdb.org "bucket" $v.influxdb.bucket) }}
{{- end }}
{{- mergeOverwrite $c (deepCopy $v.config) | toYaml }}
{{- end }}

{{- /* How many replicas to ask for: as many as there are, where something else counts them. */ -}}
{{- define "millrace.replicas" -}}
{{- $n := .Values.replicas }}
{{- if .Values.autoscaling.enabled }}
{{- $live := lookup "apps/v1" "StatefulSet" .Release.Namespace (include "millrace.fullname" .) }}
{{- if $live }}{{ $n = max $n $live.spec.replicas }}{{ end }}
{{- end }}
{{- $n }}
{{- end }}

{{- /* What the schema cannot compare. */ -}}
{{- define "millrace.check" -}}
{{- if .Values.autoscaling.enabled }}
{{- if lt (int .Values.autoscaling.maxReplicas) (int .Values.replicas) }}
{{- fail (printf "autoscaling.maxReplicas: %d is less than replicas: %d" (int .Values.autoscaling.maxReplicas) (int .Values.replicas)) }}
{{- end }}
{{- if lt (int .Values.kafka.partitions) (int .Values.autoscaling.maxReplicas) }}
{{- fail "kafka.partitions: fewer than autoscaling.maxReplicas: some replicas would have nothing to read" }}
{{- end }}
{{- end }}
{{- if ge (add .Values.memory.go .Values.memory.sql) 90 }}
{{- fail "memory: go and sql together leave less than 10 percent of the limit" }}
{{- end }}
{{- end }}
