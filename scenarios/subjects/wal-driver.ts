import { serveSubject } from './serve.ts';
import { createSubject } from './wal.ts';

await serveSubject(createSubject);
