export interface TestReport {
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[];
}
export interface ReportTotals {
  numTotalTests: number;
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numFailedTestSuites: number;
  numPassedTestSuites: number;
  numRuntimeErrorTestSuites: number;
  success: boolean;
}
export function failedFiles(report: TestReport): string[];
export function mergeReports(first: TestReport, second: TestReport): TestReport & ReportTotals;
