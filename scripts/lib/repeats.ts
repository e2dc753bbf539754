/** The parts of Vitest's JSON report that tell what failed. */
export interface TestReport {
  readonly testResults: readonly {
    /** Absolute path of the test file. */
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** A test that failed, or a whole file that did not load. */
export interface Failure {
  /** Absolute path. */
  readonly file: string;
  /** Undefined: the file as a whole. */
  readonly test: string | undefined;
}

/** What a report says has failed. */
export function failuresOf(report: TestReport): readonly Failure[] {
  return report.testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, assertionResults }): Failure[] => {
      const tests = assertionResults.filter(({ status }) => status === 'failed');
      return tests.length === 0
        ? [{ file: name, test: undefined }]
        : tests.map(({ fullName }) => ({ file: name, test: fullName }));
    });
}

/**
 * Whether a failure came again when its file was repeated: `passed` tells of a test that depends on more than the
 * sources, which is a fault of its own and still a failure. `unknown`: the repetition did not get to it.
 */
export function repeated(failure: Failure, second: TestReport | undefined): 'failed' | 'passed' | 'unknown' {
  const file = second?.testResults.find(({ name }) => name === failure.file);
  if (file === undefined) return 'unknown';
  if (failure.test === undefined) return file.status === 'passed' ? 'passed' : 'failed';
  // Names can occur twice in a file; one that failed decides.
  const tests = file.assertionResults.filter(({ fullName }) => fullName === failure.test);
  if (tests.some(({ status }) => status === 'failed')) return 'failed';
  if (tests.some(({ status }) => status === 'passed')) return 'passed';
  return file.status === 'failed' ? 'failed' : 'unknown';
}
