// Jest's JSON report: which files failed, and a report in which some files ran again.

/** The files with a failed test, or that did not load. */
export function failedFiles({ testResults }) {
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

/** The first report with the results of the second for the files that are in both, and the totals counted anew. */
export function mergeReports(first, second) {
  const again = new Map(second.testResults.map((result) => [result.name, result]));
  const testResults = first.testResults.map((result) => again.get(result.name) ?? result);
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
  const failed = testResults.filter(({ status }) => status === 'failed');
  return {
    ...first,
    testResults,
    numTotalTests: tests.length,
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending', 'skipped', 'disabled'),
    numTodoTests: count('todo'),
    numFailedTestSuites: failed.length,
    numPassedTestSuites: testResults.length - failed.length,
    numRuntimeErrorTestSuites: failed.filter(({ assertionResults }) => assertionResults.length === 0).length,
    success: failed.length === 0,
  };
}
