{{- define "watchtogether.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of pods and of what selects them. `component` is gateway, worker, migrate or doctor. */}}
{{- define "watchtogether.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "watchtogether.labels" -}}
{{ include "watchtogether.selector" . }}
app.kubernetes.io/version: {{ default .root.Chart.AppVersion .root.Values.image.tag | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Pods leave out the version of the chart, which would restart them for nothing. */}}
{{- define "watchtogether.podLabels" -}}
{{ include "watchtogether.selector" . }}
app.kubernetes.io/version: {{ default .root.Chart.AppVersion .root.Values.image.tag | trunc 63 | quote }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- with .own }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "watchtogether.metadata" -}}
name: {{ include "watchtogether.fullname" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "watchtogether.labels" . | nindent 2 }}
{{- end -}}

{{- define "watchtogether.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What all pods have in common. */}}
{{- define "watchtogether.podSpec" -}}
serviceAccountName: {{ .Values.serviceAccountName }}
# No process calls the Kubernetes API.
automountServiceAccountToken: false
# Variables such as REDIS_PORT, which Kubernetes derives from Services, must not pass for configuration.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "watchtogether.container" -}}
image: {{ include "watchtogether.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  privileged: false
  capabilities: { drop: [ALL] }
{{- end -}}

{{/* Spread over zones and nodes, the pods of each release of the image by themselves. */}}
{{- define "watchtogether.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "watchtogether.selector" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}

{{/* Probes of the ops port, which opens once database and schema are there: for that a start has BOOT_TIMEOUT_S (60 s). */}}
{{- define "watchtogether.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: ops }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: {{ add (div (include "watchtogether.bootTimeout" . | int) 2) 15 }}
readinessProbe:
  httpGet: { path: /readyz, port: ops }
  periodSeconds: 5
  timeoutSeconds: 4
  failureThreshold: 2
livenessProbe:
  httpGet: { path: /livez, port: ops }
  periodSeconds: 10
  timeoutSeconds: 4
  failureThreshold: 3
{{- end -}}

{{- define "watchtogether.bootTimeout" -}}
{{- dig "BOOT_TIMEOUT_S" (dig "BOOT_TIMEOUT_S" 60 .root.Values.config) (index .root.Values .component).config -}}
{{- end -}}

{{/* Variables of a component: those for all, its own, and those of the chart, which cannot be set otherwise. */}}
{{- define "watchtogether.env" -}}
{{- $values := .root.Values -}}
{{- $env := dict "NODE_ENV" "production" "NODE_OPTIONS" $values.nodeOptions -}}
{{- $sources := list $values.config -}}
{{- if or (eq .component "gateway") (eq .component "doctor") -}}
{{- $sources = append $sources $values.gateway.config -}}
{{- $_ := set $env "DRAIN_MS" $values.gateway.drainMs -}}
{{- $_ := set $env "TRUST_PROXY" (default (ternary "1" "off" $values.ingress.enabled) (toString $values.gateway.trustProxy)) -}}
{{- end -}}
{{- if or (eq .component "worker") (eq .component "doctor") -}}
{{- $sources = append $sources $values.worker.config -}}
{{- if $values.cas.url }}{{ $_ := set $env "CAS_URL" $values.cas.url }}{{ end -}}
{{- if $values.cas.maxRps }}{{ $_ := set $env "CAS_MAX_RPS" $values.cas.maxRps }}{{ end -}}
{{- $_ := set $env "MINT_CONCURRENCY" $values.worker.concurrency -}}
{{- end -}}
{{- if eq .component "gateway" -}}
{{- $env = merge $env (dict "HOST" $values.listenAddress "PORT" 3000 "OPS_HOST" $values.listenAddress "OPS_PORT" 3001) -}}
{{- else if eq .component "worker" -}}
{{- $env = merge $env (dict "OPS_HOST" $values.listenAddress "OPS_PORT" 3002) -}}
{{- else if eq .component "migrate" -}}
{{- $sources = list -}}
{{- end -}}
{{- range $sources }}{{ range $name, $value := . }}{{ $_ := set $env $name $value }}{{ end }}{{ end -}}
{{- range $name, $value := $env }}
- name: {{ $name }}
  value: {{ include "watchtogether.scalar" $value | quote }}
{{- end }}
{{- include "watchtogether.secretEnv" . }}
{{- end -}}

{{/* As the processes read it: YAML reads on and off as booleans, and Helm large numbers as floats (8.64e+04). */}}
{{- define "watchtogether.scalar" -}}
{{- if kindIs "bool" . }}{{ ternary "on" "off" . }}
{{- else if and (kindIs "float64" .) (eq (float64 (int64 .)) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{- define "watchtogether.mounts" -}}
- { name: secrets, mountPath: /run/secrets/watchtogether, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "watchtogether.volumes" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources: {{- include "watchtogether.secretSources" . | trim | nindent 6 }}
# Processes write nothing; `cli support-bundle` does.
- name: tmp
  emptyDir: { sizeLimit: 32Mi }
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "watchtogether.scheduling" -}}
{{- $values := . -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with index $values $key }}
{{ $key }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}
