{{/* As many workers as use up the vendor's rate: each makes `concurrency` calls at a time, or as many as its CPU allows. */}}
{{- define "watchtogether.maxWorkers" -}}
{{- $w := .Values.worker -}}
{{- $v := $w.keda.vendor -}}
{{- if $w.keda.maxReplicas -}}
{{ $w.keda.maxReplicas }}
{{- else -}}
{{- $ofOne := minf (divf (mulf $w.concurrency 1000) $v.latencyMs) $v.requestsPerSecondOfOneWorker -}}
{{ max $w.keda.minReplicas (ceil (divf (default .Values.cas.maxRps $v.requestsPerSecond) $ofOne)) }}
{{- end -}}
{{- end -}}

{{/* Absent while the database is unavailable, which KEDA takes for an error. */}}
{{- define "watchtogether.backlogQuery" -}}
max(sessions{job="worker",namespace="{{ .Release.Namespace }}",status="pending"})
{{- end -}}
