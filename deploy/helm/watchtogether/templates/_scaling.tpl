{{/* As many workers as use up the vendor's rate: each makes `concurrency` calls at a time, or as many as its CPU allows. */}}
{{- define "watchtogether.maxWorkers" -}}
{{- $w := .Values.worker -}}
{{- $v := $w.keda.vendor -}}
{{- if $w.keda.maxReplicas -}}
{{ $w.keda.maxReplicas }}
{{- else -}}
{{- $ofOne := minf (divf (mulf $w.concurrency 1000) $v.latencyMs) $v.requestsPerSecondOfOneWorker -}}
{{ max $w.keda.minReplicas (ceil (divf $v.requestsPerSecond $ofOne)) }}
{{- end -}}
{{- end -}}

{{- define "watchtogether.backlogQuery" -}}
sum(max by (state) (queue_jobs{job="worker",namespace="{{ .Release.Namespace }}",state=~"waiting|active"}))
{{- end -}}
