import { describe, expect, it } from '@jest/globals';
import { failedFiles, mergeReports } from '../../tools/test-report.mjs';

const file = (name: string, ...statuses: string[]) => ({
  name,
  status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status })),
});

const first = { testResults: [file('a', 'passed', 'pending'), file('b', 'passed', 'failed'), file('c')] };

describe('a file that failed', () => {
  it('is one with a failed test, or one that did not load', () => {
    expect(failedFiles(first)).toEqual(['b', 'c']);
  });

  it('counts with the results of its second run', () => {
    const second = { testResults: [file('b', 'passed', 'passed'), file('c', 'passed', 'todo')] };
    expect(mergeReports(first, second)).toMatchObject({
      numPassedTests: 4,
      numFailedTests: 0,
      numPendingTests: 1,
      numTodoTests: 1,
      success: true,
    });
  });

  it('still counts as failed if it fails again, or was not run again', () => {
    expect(mergeReports(first, { testResults: [file('b', 'passed', 'failed')] })).toMatchObject({
      numPassedTests: 2,
      numFailedTests: 1,
      numRuntimeErrorTestSuites: 1,
      success: false,
    });
  });
});
