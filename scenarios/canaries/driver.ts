import { serveSubject } from '../subjects/serve.ts';
import { createSubject } from './subject.ts';

await serveSubject(createSubject);
