import type { Translation } from '../translation.ts';

export function translateRestic(_translation: Translation): void {}
