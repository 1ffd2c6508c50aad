/** What a command answers when somebody could not be told how it went. */
import type { SuretyError } from '../base/errors.ts';
import type { Answer } from './call.ts';
import { EXIT } from './exit-codes.ts';
import { errorDocument } from './json.ts';

/** The work is what it is; but that nobody heard of it is worth a warning. What is no answer stays as it is. */
export function withUnsent<Result>(result: Result, unsent: readonly SuretyError[]): Result {
  if (unsent.length === 0 || !isAnswer(result)) return result;
  const exitCode = result.exitCode === EXIT.ok ? EXIT.warnings : result.exitCode;
  return { ...result, exitCode, document: { ...result.document, unsent: unsent.map(errorDocument) } };
}

function isAnswer(result: unknown): result is Answer {
  return typeof result === 'object' && result !== null && 'exitCode' in result && 'document' in result;
}
