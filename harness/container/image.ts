import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import type Docker from 'dockerode';
import { statusOf } from './engine.ts';
import { gather, type Ingredients } from './ingredients.ts';
import type { Recipe } from './recipes.ts';

/** Images without a registry, made of this machine's own files. */

/**
 * The image `powercut/<name>:<hash of its content>`; made where the engine does not have it. Of the earlier
 * ones of this name the latest stays; the others are removed, unless a container uses them. Rejects with what is missing here, or with what the engine says.
 */
export async function ensureImage(docker: Docker, name: string, recipe: Recipe): Promise<string> {
  const ingredients = await gather(recipe);
  const repository = `powercut/${name}`;
  const tag = hashOf(ingredients);
  const image = `${repository}:${tag}`;
  if (await hasImage(docker, image)) return image;
  await importImage(docker, ingredients, { repo: repository, tag });
  await removeOld(docker, repository);
  return image;
}

/** Somebody else may be at work with the one before. */
const imagesKept = 2;

async function removeOld(docker: Docker, repository: string): Promise<void> {
  const images = await imagesOf(docker, repository);
  for (const image of images.slice(imagesKept)) await removeImage(docker, image);
}

/** All that powercut ever made and the engine still has, the latest first. */
export function ownImages(docker: Docker): Promise<string[]> {
  return imagesOf(docker, 'powercut/*');
}

async function imagesOf(docker: Docker, reference: string): Promise<string[]> {
  const images = await docker.listImages({ filters: { reference: [reference] } });
  return images.sort((a, b) => b.Created - a.Created).flatMap(({ RepoTags }) => RepoTags ?? []);
}

export async function hasImage(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Left alone where a container uses it. */
export async function removeImage(docker: Docker, image: string): Promise<void> {
  try {
    await docker.getImage(image).remove();
  } catch (error) {
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
  }
}

const hashDigits = 12;

function hashOf({ files, path }: Ingredients): string {
  const hash = createHash('sha256').update(path);
  for (const file of files) {
    const { mode, size } = statSync(file);
    hash.update(`\0${file}\0${mode}\0${size}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, hashDigits);
}

/** Links become what they lead to: a library has the path by which it is asked for. */
async function importImage(
  docker: Docker,
  { files, path }: Ingredients,
  target: { readonly repo: string; readonly tag: string },
): Promise<void> {
  const tar = spawn(
    'tar',
    ['--create', '--dereference', '--directory=/', '--null', '--verbatim-files-from', '--files-from=-'],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let stderr = '';
  tar.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(tar, 'close');
  tar.stdin.end(files.map((file) => `${file.slice(1)}\0`).join(''));
  try {
    const progress = await docker.importImage(tar.stdout, {
      ...target,
      changes: [`ENV PATH=${path}`, 'WORKDIR /'],
    });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
    });
  } catch (error) {
    // Nobody reads what it has still to write.
    tar.kill();
    throw error;
  }
  const [code] = await ended;
  if (code !== 0) {
    await removeImage(docker, `${target.repo}:${target.tag}`);
    throw new Error(`the image ${target.repo} could not be made: tar ended with ${code}: ${stderr.trim()}`);
  }
}
