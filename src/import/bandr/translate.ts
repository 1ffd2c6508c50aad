import type { Translation } from '../translation.ts';

export function translateBandr(_translation: Translation): void {}
