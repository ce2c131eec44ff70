import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Other logs, built from their package registries, and the system calls alone. Sources of ours are in bench/wal/peers. */

const isBuilt = import.meta.url.includes('/dist/');
const sources = fileURLToPath(new URL(isBuilt ? '../../../bench/wal/peers' : 'peers', import.meta.url));
const buildMsMax = 300_000;

export interface Peer {
  readonly name: string;
  readonly version: string;
  readonly language: 'go' | 'rust' | 'c';
  /** What it is called in its registry. */
  readonly package: string;
}

/** Builds a peer in a directory, which may hold an earlier build; answers its program. Throws with the reason if it cannot. */
export function buildPeer(peer: Peer, directory: string): string {
  fs.mkdirSync(directory, { recursive: true });
  return builders[peer.language](peer, directory);
}

const builders = { go: buildGo, rust: buildRust, c: buildC };

function buildGo(peer: Peer, directory: string): string {
  fs.copyFileSync(join(sources, 'go', 'contestant.go'), join(directory, 'contestant.go'));
  fs.copyFileSync(join(sources, peer.name, 'main.go'), join(directory, 'main.go'));
  fs.writeFileSync(
    join(directory, 'go.mod'),
    `module contestant\n\ngo 1.22\n\nrequire ${peer.package} ${peer.version}\n`,
  );
  const program = join(directory, peer.name);
  execute('go', ['build', '-mod=mod', '-o', program, '.'], directory);
  return program;
}

function buildRust(peer: Peer, directory: string): string {
  const source = join(directory, 'src');
  fs.mkdirSync(source, { recursive: true });
  fs.copyFileSync(join(sources, 'rust', 'contestant.rs'), join(source, 'contestant.rs'));
  fs.copyFileSync(join(sources, peer.name, 'main.rs'), join(source, 'main.rs'));
  fs.writeFileSync(
    join(directory, 'Cargo.toml'),
    `[package]\nname = "contestant"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n${peer.package} = "=${peer.version}"\n`,
  );
  execute('cargo', ['build', '--release', '--quiet'], directory);
  return join(directory, 'target', 'release', 'contestant');
}

function buildC(peer: Peer, directory: string): string {
  const program = join(directory, peer.name);
  execute('cc', ['-O2', '-Wall', '-o', program, join(sources, peer.name, 'main.c')], directory);
  return program;
}

function execute(program: string, args: readonly string[], cwd: string): void {
  const { status, error, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: buildMsMax });
  if (error !== undefined) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with ${status}: ${stderr.trim()}`);
}
