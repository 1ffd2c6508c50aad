import { testPages } from '../fixtures/documented-pages.ts';

testPages(2);
