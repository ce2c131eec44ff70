import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import type { Verdict } from './verdict.ts';

/** Absolute paths of what was written. */
export interface WrittenReports {
  readonly verdict: string;
  readonly html: string;
  readonly markdown: string;
  readonly junit: string;
  /** The link to `directory`, beside it. */
  readonly latest: string;
}

/**
 * Writes every report of a run into its directory, which is made where it is missing, and points the link `latest`
 * beside it at it. Each file is there whole or not at all, the power going in the middle included. Rejects with the
 * system's error, which names the path.
 */
export async function writeReports(verdict: Verdict, directory: string): Promise<WrittenReports> {
  const root = resolve(directory);
  const paths = {
    verdict: join(root, 'verdict.json'),
    html: join(root, 'report.html'),
    markdown: join(root, 'report.md'),
    junit: join(root, 'junit.xml'),
    latest: join(dirname(root), 'latest'),
  };
  await mkdir(root, { recursive: true });
  await writeWhole(paths.verdict, renderJson(verdict));
  await writeWhole(paths.html, renderHtml(verdict));
  await writeWhole(paths.markdown, renderMarkdown(verdict));
  await writeWhole(paths.junit, renderJunit(verdict));
  await syncDirectory(root);
  await pointLatest(paths.latest, basename(root));
  return paths;
}

/** The text of `verdict.json`. */
export function renderJson(verdict: Verdict): string {
  return `${JSON.stringify(verdict, undefined, 2)}\n`;
}

/** Temporary file, fsync, rename; the caller makes the name durable. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function pointLatest(link: string, target: string): Promise<void> {
  const temporary = `${link}.${randomUUID()}.tmp`;
  try {
    await symlink(target, temporary);
    await rename(temporary, link);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
