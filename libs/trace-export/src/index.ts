export { TraceExportModule, type TraceExportSettings } from './trace-export.module.js';
