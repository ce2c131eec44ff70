import { serveSubject } from './serve.ts';
import { createSubject } from './sqlite.ts';

await serveSubject(createSubject);
