import type { Translation } from '../translation.ts';

export function translateBorgmatic(_translation: Translation): void {}
